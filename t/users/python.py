# Copyright (C) chatws contributors
#
# Publishing to users with Python's urllib, read with websockets.  The argument
# is the port.

import asyncio
import json
import sys
import urllib.request

import websockets


port = int(sys.argv[1])
n = 0


def ok(good, name):
    global n

    n += 1
    print(('' if good else 'not ') + 'ok %d - %s' % (n, name), flush=True)


def publish(value):
    request = urllib.request.Request(
        'http://localhost:%d/api/messages' % port,
        data=json.dumps(value).encode(),
        headers={'Content-Type': 'application/json'})

    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


async def tell(**value):
    return await asyncio.get_running_loop().run_in_executor(
        None, publish, value)


async def receive(ws):
    return json.loads(await ws.recv())


def connect(user, more=''):
    return websockets.connect('ws://localhost:%d/api/ws?userId=%s%s'
                              % (port, user, more))


async def main():
    async with connect('joe') as one, connect('joe') as two:
        connected = [await receive(one), await receive(two)]

        ok(all(c['userSeq'] == 0 and 'users' in c['features']
               for c in connected), 'two tabs')

        answer = await tell(toUsers=['joe', 'ann'], type='chat_update',
                            chatId='chat_9', lastMessage='Hi',
                            lastMessageTime='now', unreadCount=1)

        ok(answer['users'] == {'joe': {'userSeq': 1, 'recipients': 2},
                               'ann': {'userSeq': 1, 'recipients': 0}},
           'an answer')

        got = [await receive(one), await receive(two)]

        ok(all(g['type'] == 'chat_update' and g['userSeq'] == 1
               and 'seq' not in g for g in got), 'both get it')

    async with connect('ann', '&chats=resume') as ann:
        epoch = (await receive(ann))['epoch']

        await tell(toUsers='ann', type='friend_request')
        await ann.send(json.dumps({'action': 'resume', 'chats': {},
                                   'user': {'seq': 0}, 'epoch': epoch}))

        ok((await receive(ann))['user'] == {'recovered': True, 'seq': 2},
           'who was away')

        got = [await receive(ann), await receive(ann)]

        ok([g['userSeq'] for g in got] == [1, 2], 'gets all of it')

    print('1..%d' % n, flush=True)


asyncio.run(main())
