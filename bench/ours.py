"""One build of our registry for a city, in a process of its own.

`python -m bench.ours CITY HOME MODEL` prints one JSON object: seconds by step, peak memory, the
link runs and the evaluation against the truth.
"""

if __name__ == "__main__":
    # Worker processes read this module again when they start, as they read the command `mdm`:
    # neither may bring in what a worker does not need.
    from bench.build import main

    main()
