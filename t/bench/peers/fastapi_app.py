# Copyright (C) chatws contributors
#
# The chat of the specification as it describes itself: FastAPI, a manager
# that holds connections and subscriptions, Pydantic models.

from datetime import datetime, timezone
from itertools import count
from typing import Dict, Optional, Set

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from pydantic import BaseModel


class MessageIn(BaseModel):
    chatId: str
    text: str
    sender: str


class Message(BaseModel):
    id: str
    text: str
    sender: str
    timestamp: str
    isOwnMessage: bool = False


class NewMessage(BaseModel):
    type: str = "new_message"
    chatId: str
    message: Message
    timestamp: str


class WebSocketManager:

    def __init__(self):
        self.users: Dict[WebSocket, str] = {}
        self.chats: Dict[str, Set[WebSocket]] = {}

    def connect(self, ws, user):
        self.users[ws] = user

    def disconnect(self, ws):
        self.users.pop(ws, None)
        for chat in [c for c, s in self.chats.items() if ws in s]:
            self.unsubscribe(ws, chat)

    def subscribe(self, ws, chat):
        self.chats.setdefault(chat, set()).add(ws)

    def unsubscribe(self, ws, chat):
        subscribers = self.chats.get(chat, set())
        subscribers.discard(ws)
        if not subscribers:
            self.chats.pop(chat, None)

    async def broadcast(self, chat, text, sender):
        for ws in list(self.chats.get(chat, ())):
            if self.users.get(ws) != sender:
                try:
                    await ws.send_text(text)
                except RuntimeError:
                    self.disconnect(ws)


app = FastAPI()
manager = WebSocketManager()
numbers = count()


def now():
    return (datetime.now(timezone.utc)
            .isoformat(timespec="milliseconds").replace("+00:00", "Z"))


@app.post("/api/messages", status_code=201)
async def post_message(body: MessageIn):
    time = now()
    message = Message(id="msg_%016x" % next(numbers), text=body.text,
                      sender=body.sender, timestamp=time)
    notification = NewMessage(chatId=body.chatId, message=message,
                              timestamp=time)

    await manager.broadcast(body.chatId, notification.json(), body.sender)

    return {**message.dict(), "chatId": body.chatId}


@app.websocket("/api/ws")
async def endpoint(ws: WebSocket, userId: Optional[str] = None):
    await ws.accept()
    manager.connect(ws, userId)

    try:
        await ws.send_json({
            "type": "connected",
            "userId": userId,
            "message": "Successfully connected to WebSocket",
            "timestamp": now(),
        })

        while True:
            data = await ws.receive_json()
            chat = data.get("chatId")
            action = data.get("action")

            if action == "subscribe":
                manager.subscribe(ws, chat)
            elif action == "unsubscribe":
                manager.unsubscribe(ws, chat)
            else:
                continue

            await ws.send_json({
                "type": "subscription_confirmed",
                "action": action,
                "chatId": chat,
                "message": "%sd to chat %s" % (action.capitalize(), chat),
            })

    except WebSocketDisconnect:
        pass

    finally:
        manager.disconnect(ws)
