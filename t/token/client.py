# Copyright (C) chatws contributors
#
# A client of others' making, python3-websockets with tokens of python3-jwt: it
# authenticates with the first message, or a subprotocol, and renews its token
# when it is told that it expires.  t/token/python.t runs it.

import asyncio
import json
import sys
import time

import jwt
import websockets

url, secret, kid = sys.argv[1], bytes.fromhex(sys.argv[2]), sys.argv[3]


def token(seconds, user='ann', algorithm='HS256', key=secret):
    now = int(time.time())

    return jwt.encode({'sub': user, 'name': 'Ann', 'iat': now - 600,
                       'exp': now + seconds}, key, algorithm=algorithm,
                      headers={'kid': kid})


def auth(text):
    return json.dumps({'action': 'auth', 'token': text})


async def heard(ws):
    return json.loads(await ws.recv())


async def member():
    async with websockets.connect(f'{url}/message') as ws:
        await ws.send(auth(token(600, algorithm='none', key=None)))
        print('none:', (await heard(ws))['error'])

        await ws.send(auth(token(600, key=bytes(64))))
        print('another key:', (await heard(ws))['error'])

        await ws.send(auth(token(-60)))
        print('old:', (await heard(ws))['error'])

        await ws.send(auth(token(5)))
        await ws.send('{"action":"subscribe","chatId":"c"}')

        renewed = False

        async for text in ws:
            message = json.loads(text)
            kind = message['type']

            print('member:', kind, message.get('userId', ''), flush=True)

            if kind == 'token_expiring':
                await ws.send(auth(token(600)))

            elif kind == 'authenticated':
                renewed = True
                print('renewed:', message['expiresIn'], flush=True)

            elif kind == 'new_message':
                print('text:', message['message']['text'], renewed)
                break

        await ws.send(auth(token(600, user='eve')))

        try:
            await heard(ws)
        except websockets.ConnectionClosed as closed:
            print('closed:', closed.code, closed.reason)


async def offered():
    protocols = ['chatws.v1', f'chatws.bearer.{token(600)}']

    async with websockets.connect(f'{url}/protocol',
                                  subprotocols=protocols) as ws:
        print('protocol:', ws.subprotocol, (await heard(ws))['userId'])

    protocols = ['chatws.v1', 'chatws.bearer.x']

    async with websockets.connect(f'{url}/protocol',
                                  subprotocols=protocols) as ws:
        try:
            await heard(ws)
        except websockets.ConnectionClosed as closed:
            print('refused:', closed.code, closed.reason)


async def main():
    await asyncio.wait_for(offered(), 60)
    await asyncio.wait_for(member(), 60)
    print('done')


asyncio.run(main())
