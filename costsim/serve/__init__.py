"""The report, live: networks are dropped in, devices chosen, sliders turned. The only room that knows the web."""
