"""What runs in the child process. It imports nothing of the rest of Gatehouse.

`zygote.py` loads the engine once and forks a worker for each run; `walls.py` takes from the worker what it does not
need; `worker.py` runs the scripts in it; `frames.py` is how it talks to its parent. No script ever runs in the zygote,
and no worker runs more than one job, so nothing of a run can be there for the next.
"""
