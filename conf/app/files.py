# Copyright (C) chatws contributors
#
# Files that were sent to the example of an app server, each by the id of its
# message.

import os

from fastapi.concurrency import run_in_threadpool


def directory():
    return os.environ.get("CHATWS_APP_FILES", "files")


def path(file_id):
    return os.path.join(directory(), file_id)


# Nothing is left of those that did not come to their end.

def prepare():
    os.makedirs(directory(), mode=0o700, exist_ok=True)

    for name in os.listdir(directory()):
        if name.endswith(".part"):
            os.remove(path(name))


# Returns how many bytes have come; how many may is nginx's to say.

async def receive(file_id, chunks):
    part = path(file_id) + ".part"
    size = 0

    try:
        with open(part, "xb") as file:
            async for chunk in chunks:
                size += len(chunk)
                await run_in_threadpool(file.write, chunk)

        os.replace(part, path(file_id))

    except BaseException:
        os.remove(part)
        raise

    return size
