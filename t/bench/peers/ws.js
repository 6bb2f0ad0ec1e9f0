
/*
 * Copyright (C) chatws contributors
 *
 * The chat of the specification on node and the npm package ws: the
 * notification is made once for a message and sent to each subscriber.
 * With ECHO=1 it echoes instead.
 */

'use strict';

const http = require('http');
const { WebSocketServer } = require('ws');

const port = Number(process.env.PORT);
const rooms = new Map();

let id = 0;


function reply(res, status, body) {
    const text = Buffer.from(JSON.stringify(body));

    res.writeHead(status, {
        'Content-Type': 'application/json',
        'Content-Length': text.length
    });
    res.end(text);
}


function publish(message) {
    const now = new Date().toISOString();
    const stored = {
        id: 'msg_' + (id++).toString(16).padStart(16, '0'),
        text: message.text,
        sender: message.sender,
        timestamp: message.timestamp || now
    };
    const frame = Buffer.from(JSON.stringify({
        type: 'new_message',
        chatId: message.chatId,
        message: { ...stored, isOwnMessage: false },
        timestamp: now
    }));

    for (const ws of rooms.get(message.chatId) || []) {
        if (ws.userId !== message.sender && ws.readyState === 1) {
            ws.send(frame, { binary: false });
        }
    }

    return { ...stored, chatId: message.chatId };
}


const server = http.createServer((req, res) => {
    const parts = [];

    req.on('data', (part) => parts.push(part));
    req.on('end', () => {
        let message;

        try {
            message = JSON.parse(Buffer.concat(parts));
        } catch (e) {
            reply(res, 400, { error: 'Invalid JSON' });
            return;
        }

        reply(res, 201, publish(message));
    });
});

server.keepAliveTimeout = 600000;


const wss = new WebSocketServer({ server, perMessageDeflate: false });

wss.on('connection', (ws, req) => {

    if (process.env.ECHO) {
        ws.on('message', (data, binary) => ws.send(data, { binary }));
        return;
    }

    ws.userId = new URL(req.url, 'http://localhost')
                    .searchParams.get('userId');
    ws.chats = new Set();

    ws.send(JSON.stringify({
        type: 'connected',
        userId: ws.userId,
        message: 'Successfully connected to WebSocket',
        timestamp: new Date().toISOString()
    }));

    ws.on('message', (data) => {
        const action = JSON.parse(data);
        const chat = action.chatId;

        if (action.action !== 'subscribe') {
            return;
        }

        if (!rooms.has(chat)) {
            rooms.set(chat, new Set());
        }

        rooms.get(chat).add(ws);
        ws.chats.add(chat);

        ws.send(JSON.stringify({
            type: 'subscription_confirmed',
            action: 'subscribe',
            chatId: chat,
            message: 'Subscribed to chat ' + chat
        }));
    });

    ws.on('error', () => {});

    ws.on('close', () => {
        for (const chat of ws.chats) {
            const room = rooms.get(chat);

            room.delete(ws);

            if (room.size === 0) {
                rooms.delete(chat);
            }
        }
    });
});


server.listen({ port, host: '127.0.0.1', backlog: 4096 });
