// A page whose charts answer to nothing but the colours.
drawAll(() => {});
document.addEventListener("recoloured", () => drawAll(() => {}));
document.addEventListener("toggle", ({ target }) => {
  if (target.open) for (const box of target.querySelectorAll("[data-chart]")) draw(box, () => {});
}, true);
