"use strict";
// A slider moves over the values it was given; what travels is the text under it.
document.addEventListener("input", (event) => {
  const slider = event.target;
  if (!slider.dataset?.texts) return;
  const text = JSON.parse(slider.dataset.texts)[slider.valueAsNumber];
  slider.setAttribute("aria-valuetext", text);
  slider.nextElementSibling.value = text;
  slider.parentElement.querySelector("output").value = text;
}, { capture: true });

// A file dropped anywhere is as one chosen in the field.
const field = document.getElementById("file");
for (const kind of ["dragenter", "dragover"])
  document.addEventListener(kind, (event) => { event.preventDefault(); document.body.classList.add("dropping"); });
for (const kind of ["dragleave", "drop"])
  document.addEventListener(kind, () => document.body.classList.remove("dropping"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  if (!event.dataTransfer.files.length) return;
  field.files = event.dataTransfer.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
});
