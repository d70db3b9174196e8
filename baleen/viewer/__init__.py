"""What `baleen view` serves: tables read by DuckDB, a few requests answered on loopback, and the page in static/.

Its modules import what the extra `view` installs at their top; nothing but `baleen view` imports them.
"""
