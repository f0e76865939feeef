"""The stages that alerts go through, one a file, all of the same shape; see the pipeline."""
