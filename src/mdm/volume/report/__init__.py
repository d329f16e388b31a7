"""The run report: what one run did, as one self-contained page in Portuguese."""
