// A page whose charts answer to nothing but the colour scheme.
drawAll(() => {});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(() => {}));
