// The page of one reproduced paper: only its plots move.
drawAll(() => {});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(() => {}));
