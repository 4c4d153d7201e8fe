"""Programs for whoever works on this repository; the wheel does not hold them."""
