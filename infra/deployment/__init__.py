"""Bringing the package into an AWS account and out of it again: by CloudFormation alone, each change shown before.

`artifacts` keeps what was deployed, for going back to it; `stacks` plans and makes changes; `__main__` is what
`make deploy`, `make rollback` and `make destroy` run. The rehearsal (`tests/deploy`) does the same to an emulated AWS.
"""
