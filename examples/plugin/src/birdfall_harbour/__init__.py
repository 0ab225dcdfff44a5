"""An example of a package that adds to Birdfall: a source, a feed, a measure, forms of output."""
