"""costsim: what a convolutional network costs on a device, why, and how sure that is."""
