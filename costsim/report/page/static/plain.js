// A page whose charts answer to nothing but the colours.
drawAll(() => {});
document.addEventListener("recoloured", () => drawAll(() => {}));
