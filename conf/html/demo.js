'use strict';

const $ = (id) => document.getElementById(id);

let ws = null;
let chat = '';
let user = '';
let typingSent = 0;
let typingTimer = 0;

const show = (who, text) => {
    const item = document.createElement('li');
    const name = document.createElement('strong');

    name.textContent = who;
    item.append(name, ' ', text);
    $('log').append(item);
    item.scrollIntoView({ block: 'nearest' });
};

const state = (text, open) => {
    $('state').textContent = text;
    $('text').disabled = !open;
    $('go').disabled = !open;
};

const send = (message) => {
    if (ws && ws.readyState === WebSocket.OPEN) {
        ws.send(JSON.stringify(message));
    }
};

const handlers = {
    connected() {
        send({ action: 'subscribe', chatId: chat });
    },

    subscription_confirmed(event) {
        state(event.message, true);
        $('text').focus();
    },

    new_message(event) {
        show(event.message.sender, event.message.text);
        $('typing').textContent = '';
    },

    user_typing(event) {
        clearTimeout(typingTimer);
        $('typing').textContent =
            event.isTyping ? `${event.username} is typing …` : '';
        typingTimer = setTimeout(() => {
            $('typing').textContent = '';
        }, 5000);
    },

    error(event) {
        show('error', `${event.error}: ${event.details}`);
    },
};

$('who').addEventListener('submit', (event) => {
    event.preventDefault();

    if (ws) {
        ws.onclose = null;
        ws.close();
    }

    user = $('user').value;
    chat = $('chat').value;
    state('connecting …', false);

    const url = new URL('api/ws', location.href);

    url.protocol = url.protocol.replace('http', 'ws');
    url.searchParams.set('userId', user);

    ws = new WebSocket(url);

    ws.onmessage = (message) => {
        const data = JSON.parse(message.data);
        const handler = handlers[data.type];

        if (handler) {
            handler(data);
        }
    };

    ws.onclose = (close) => {
        state(`closed (${close.code}) ${close.reason}`, false);
    };
});

$('text').addEventListener('input', () => {
    if (Date.now() - typingSent > 2000) {
        typingSent = Date.now();
        send({ type: 'typing', chatId: chat, isTyping: true });
    }
});

$('send').addEventListener('submit', async (event) => {
    event.preventDefault();

    const text = $('text').value;

    const answer = await fetch('api/messages', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ chatId: chat, text, sender: user }),
    });

    const result = await answer.json();

    if (answer.ok) {
        $('text').value = '';
        typingSent = 0;
        show('you', text);

    } else {
        show('error', `${result.error}: ${result.details}`);
    }
});
