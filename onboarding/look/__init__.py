"""Reading the systems once: the snapshot of an estate, what is kept between looks, what a run could not look at."""
