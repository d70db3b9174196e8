"use strict";
const which = document.getElementById("which");
const search = document.getElementById("search");
const rows = [...document.querySelectorAll(".row")];
function filter() {
  const wanted = search.value.toLowerCase();
  for (const row of rows) {
    row.hidden = (which.value && row.dataset.fate !== which.value) || !row.textContent.toLowerCase().includes(wanted);
  }
  document.getElementById("count").textContent = rows.filter((row) => !row.hidden).length + " rows";
}
if (which) {
  which.addEventListener("change", filter);
  search.addEventListener("input", filter);
  search.form.addEventListener("submit", (event) => event.preventDefault());
  filter();
}
