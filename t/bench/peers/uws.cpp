
/*
 * Copyright (C) chatws contributors
 *
 * The chat of the specification on uWebSockets, with its own topics; only
 * where a copy of it is at hand (make uws UWS=DIRECTORY).  JSON is searched,
 * not parsed, which favors it.  With a second argument it echoes instead.
 */


#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>

#include "App.h"


struct Session {
    std::string  user;
};


static std::string
member(std::string_view json, std::string_view name)
{
    size_t       p, end;
    std::string  key;

    key = "\"" + std::string(name) + "\":\"";
    p = json.find(key);

    if (p == std::string_view::npos) {
        return "";
    }

    p += key.size();
    end = json.find('"', p);

    return std::string(json.substr(p, end - p));
}


static std::string
now()
{
    char             text[64];
    struct tm        tm;
    struct timespec  ts;

    clock_gettime(CLOCK_REALTIME, &ts);
    gmtime_r(&ts.tv_sec, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + 19, sizeof(text) - 19, ".%03ldZ", ts.tv_nsec / 1000000);

    return text;
}


static std::string
stored(std::string_view body)
{
    char                      id[32];
    static unsigned long long n;

    snprintf(id, sizeof(id), "msg_%016llx", n++);

    return std::string("{\"id\":\"") + id + "\",\"text\":\""
           + member(body, "text") + "\",\"sender\":\""
           + member(body, "sender") + "\",\"timestamp\":\"" + now() + "\"";
}


static void
post(uWS::App *app, uWS::HttpResponse<false> *res, std::string_view body)
{
    std::string  chat, frame, message;

    chat = member(body, "chatId");
    message = stored(body);

    frame = "{\"type\":\"new_message\",\"chatId\":\"" + chat
            + "\",\"message\":" + message
            + ",\"isOwnMessage\":false},\"timestamp\":\"" + now() + "\"}";

    app->publish(chat, frame, uWS::OpCode::TEXT, false);

    res->writeStatus("201 Created");
    res->writeHeader("Content-Type", "application/json");
    res->end(message + ",\"chatId\":\"" + chat + "\"}");
}


int
main(int argc, char **argv)
{
    int       port;
    bool      echo;
    uWS::App  app;

    port = argc > 1 ? atoi(argv[1]) : 0;
    echo = argc > 2;

    uWS::App::WebSocketBehavior<Session>  chat = {
        .compression = uWS::DISABLED,
        .maxPayloadLength = 16 * 1024,
        .idleTimeout = 120,
        .maxBackpressure = 256 * 1024,
        .upgrade = [](auto *res, auto *req, auto *context) {
            res->template upgrade<Session>(
                { std::string(req->getQuery("userId")) },
                req->getHeader("sec-websocket-key"),
                req->getHeader("sec-websocket-protocol"),
                req->getHeader("sec-websocket-extensions"), context);
        },
        .open = [echo](auto *ws) {
            if (echo) {
                return;
            }

            ws->send("{\"type\":\"connected\",\"userId\":\""
                     + ws->getUserData()->user
                     + "\",\"message\":\"Successfully connected to WebSocket\""
                       ",\"timestamp\":\"" + now() + "\"}",
                     uWS::OpCode::TEXT);
        },
        .message = [echo](auto *ws, std::string_view text,
                          uWS::OpCode opcode) {
            std::string  id;

            if (echo) {
                ws->send(text, opcode);
                return;
            }

            id = member(text, "chatId");
            ws->subscribe(id);
            ws->send("{\"type\":\"subscription_confirmed\","
                     "\"action\":\"subscribe\",\"chatId\":\"" + id
                     + "\",\"message\":\"Subscribed to chat " + id + "\"}",
                     uWS::OpCode::TEXT);
        }
    };

    app.ws<Session>(echo ? "/echo" : "/api/ws", std::move(chat));

    app.post("/api/messages", [&app](auto *res, auto *) {
        res->onAborted([]() { });
        res->onData([&app, res, body = std::string()]
                    (std::string_view part, bool last) mutable {
            body.append(part);

            if (last) {
                post(&app, res, body);
            }
        });
    });

    app.listen("127.0.0.1", port, [](auto *socket) {
        if (!socket) {
            fprintf(stderr, "cannot listen\n");
            exit(1);
        }
    });

    app.run();
}
