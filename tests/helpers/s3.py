"""A real S3 server (moto) on loopback, in a process of its own: what it imports must not meet what a test imports."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nothing", "AWS_DEFAULT_REGION": "us-east-1"}


@contextmanager
def server() -> Iterator[str]:
    """The address of an S3 server on loopback with an empty bucket, until the block ends."""
    program = Path(sys.executable).with_name("moto_server")
    moto = subprocess.Popen([program, "-H", "127.0.0.1", "-p", "0"], stderr=subprocess.PIPE, text=True)
    try:
        assert moto.stderr is not None
        address = next(found[0] for line in moto.stderr if (found := re.search(r"http://127[.\d]+:\d+", line)))
        import boto3

        boto3.client("s3", endpoint_url=address).create_bucket(Bucket="baleen")
        yield address
    finally:
        moto.terminate()
        moto.wait()
        moto.stderr.close()
