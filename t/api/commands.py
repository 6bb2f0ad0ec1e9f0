#!/usr/bin/python3

# Copyright (C) chatws contributors
#
# Commands as a stranger gives them, and what another WebSocket client makes of
# them: urllib and websockets of Python.  Prints the results as TAP.

import asyncio
import json
import sys
import urllib.error
import urllib.request

import websockets

port = int(sys.argv[1])
n = 0


def ok(good, name):
    global n

    n += 1
    print(('' if good else 'not ') + 'ok %d - %s' % (n, name), flush=True)


def command(value):
    request = urllib.request.Request(
        'http://localhost:%d/api/commands' % port,
        data=json.dumps(value).encode(),
        headers={'Content-Type': 'application/json'})

    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, json.load(answer)

    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


async def talk(**value):
    return await asyncio.get_running_loop().run_in_executor(
        None, command, value)


async def main():
    uri = 'ws://localhost:%d/api/ws?userId=user123' % port

    async with websockets.connect(uri) as ws:

        async def get():
            return json.loads(await ws.recv())

        ok((await get())['type'] == 'connected', 'connected')

        await ws.send(json.dumps({'action': 'subscribe',
                                  'chatId': 'chat_1'}))
        await get()

        status, answer = await talk(command='unsubscribe', userId='user123',
                                    chatId='chat_1')
        ok(status == 202 and answer['command'] == 'unsubscribe',
           'unsubscribe')

        event = await get()
        ok(event['type'] == 'unsubscribed' and event['chatId'] == 'chat_1'
           and event['reason'] == 'removed', 'unsubscribed')

        await talk(command='subscribe', userId='user123', chatId='chät')
        ok((await get())['chatId'] == 'chät', 'subscribe')

        status, answer = await talk(command='publish', chatId='chät',
                                    text='Hello', sender='john_doe')
        ok(status == 201 and answer['recipients'] == 1, 'publish')
        ok((await get())['message']['text'] == 'Hello', 'new_message')

        status, answer = await talk(command='disconnect')
        ok(status == 400 and answer['error'] == 'Invalid message',
           'a member is missing')

        await talk(command='disconnect', userId='user123', code=4321,
                   reason='schluß')

        try:
            await ws.recv()
            ok(False, 'disconnect')

        except websockets.ConnectionClosed as closed:
            got = getattr(closed, 'rcvd', None) or closed
            ok(got.code == 4321 and got.reason == 'schluß', 'disconnect')

    print('1..%d' % n)


asyncio.run(asyncio.wait_for(main(), 60))
