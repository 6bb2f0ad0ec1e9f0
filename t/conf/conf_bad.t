#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# Wrong configurations are refused with a message that helps.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Nginx;

# text in http, in the server, in the location of the endpoint; the message

my @cases = (
    [ 'zone, no parameter', 'chatws_zone;', '', '',
      qr/number of arguments in "chatws_zone"/ ],
    [ 'zone, no size', 'chatws_zone zone=z;', '', '',
      qr/"zone=z" in "chatws_zone"|chatws_zone.*"zone=z"|"zone=z"/ ],
    [ 'zone, a bad size', 'chatws_zone zone=z:1x;', '', '',
      qr/size "(?:zone=z:)?1x"|"zone=z:1x"/ ],
    [ 'zone, too small', 'chatws_zone zone=z:4k;', '', '',
      qr/"z" .*is too small.*\b\d+[kK]?\b/ ],
    [ 'zone, no name', 'chatws_zone zone=:1m;', '', '', qr/"zone=:1m"/ ],
    [ 'zone, unknown parameter', 'chatws_zone zone=z:1m x=1;', '', '',
      qr/"x=1"|number of arguments/ ],
    [ 'zone, twice', 'chatws_zone zone=chat:1m;', '', '',
      qr/"chat".*(?:duplicate|already)|duplicate.*"chat"/ ],
    [ 'users, no zone', 'chatws_users;', '', '',
      qr/number of arguments in "chatws_users"/ ],
    [ 'users, no parameter', 'chatws_users chat;', '', '',
      qr/"chat" of "chatws_users", it must be zone=name in \S+:\d/ ],
    [ 'users, no name', 'chatws_users zone=;', '', '',
      qr/"zone=" of "chatws_users", it must be zone=name/ ],
    [ 'users of no zone', 'chatws_users zone=none;', '', '',
      qr/unknown zone "none" in "chatws_users".*chatws_zone/ ],
    [ 'users, twice', 'chatws_users zone=chat; chatws_users zone=chat;', '',
      '', qr/"chatws_users" directive is duplicate/ ],
    [ 'presence, no zone', 'chatws_presence grace=1s;', '', '',
      qr/"grace=1s" of "chatws_presence", it must be zone=name/ ],
    [ 'presence, no users', 'chatws_presence zone=chat;', '', '',
      qr/"chatws_presence" needs "chatws_users zone=chat" in \S+:\d/ ],
    [ 'presence, twice', 'chatws_users zone=chat;
      chatws_presence zone=chat; chatws_presence zone=chat;', '', '',
      qr/"chatws_presence" directive is duplicate/ ],
    [ 'presence, unknown', 'chatws_presence zone=chat away=1s;', '', '',
      qr/invalid parameter "away=1s" of "chatws_presence" in \S+:\d/ ],
    [ 'presence, two graces', 'chatws_presence zone=chat grace=1s grace=2s;',
      '', '', qr/duplicate parameter "grace=2s" of "chatws_presence"/ ],
    [ 'presence, two zones', 'chatws_presence zone=chat zone=chat;', '', '',
      qr/duplicate parameter "zone=chat" of "chatws_presence"/ ],
    [ 'presence, grace', 'chatws_presence zone=chat grace=999ms;', '', '',
      qr/invalid time "grace=999ms", it must be between 1s and 10m in / ],
    [ 'presence, a long grace', 'chatws_presence zone=chat grace=601s;', '',
      '', qr/invalid time "grace=601s", it must be between 1s and 10m in / ],
    [ 'presence, interval', 'chatws_presence zone=chat interval=0;', '', '',
      qr/invalid time "interval=0", it must be between 100ms and 1m in / ],
    [ 'presence, names', 'chatws_presence zone=chat names=1001;', '', '',
      qr/"chatws_presence" value "names=1001" must be between 1 and 1000 / ],
    [ 'presence, lastseen', 'chatws_presence zone=chat lastseen=1;', '', '',
      qr/invalid parameter "lastseen=1" of "chatws_presence"/ ],
    [ 'presence in a server', '', 'chatws_presence zone=chat;', '',
      qr/"chatws_presence" directive is not allowed here/ ],
    [ 'watch, no number', '', '', 'chatws_watch x;',
      qr/"chatws_watch" value "x" must be between 0 and 1000 in \S+:\d/ ],
    [ 'watch, too many', '', '', 'chatws_watch 1001;',
      qr/"chatws_watch" value "1001" must be between 0 and 1000 in / ],
    [ 'watch, unknown', '', '', 'chatws_watch 1 all;',
      qr/invalid parameter "all" of "chatws_watch" in \S+:\d/ ],
    [ 'watch, twice', '', '', 'chatws_watch 1; chatws_watch 1;',
      qr/"chatws_watch" directive is duplicate/ ],
    [ 'users in a server', '', 'chatws_users zone=chat;', '',
      qr/"chatws_users" directive is not allowed here/ ],
    [ 'unread without users', 'chatws_unread zone=chat;', '', '',
      qr/"chatws_unread" needs "chatws_users zone=chat" in \S+:\d/ ],
    [ 'unread, twice', 'chatws_users zone=chat; chatws_unread zone=chat;
      chatws_unread zone=chat;', '', '',
      qr/"chatws_unread" directive is duplicate/ ],
    [ 'unread, a parameter', 'chatws_unread chat;', '', '',
      qr/"chat" of "chatws_unread", it must be zone=name/ ],
    [ 'receipts without unread', 'chatws_users zone=chat;
      chatws_receipts zone=chat;', '', '',
      qr/"chatws_receipts" needs "chatws_unread zone=chat" in \S+:\d/ ],
    [ 'receipts, twice', 'chatws_receipts zone=chat;
      chatws_receipts zone=chat;', '', '',
      qr/"chatws_receipts" directive is duplicate/ ],
    [ 'receipts, no limit', 'chatws_receipts zone=chat limit=0;', '', '',
      qr/"chatws_receipts" value "limit=0" must be between 1 and 1000/ ],
    [ 'receipts, no interval', 'chatws_receipts zone=chat interval=1ms;', '',
      '', qr/"interval=1ms", it must be between 100ms and 1m/ ],
    [ 'receipts, one interval', 'chatws_receipts zone=chat interval=1s
      interval=2s;', '', '', qr/duplicate parameter "interval=2s"/ ],
    [ 'receipts, a word', 'chatws_receipts zone=chat seen;', '', '',
      qr/invalid parameter "seen" of "chatws_receipts"/ ],
    [ 'answers to users, where there are none', '',
      'location /x { chatws_publish_response chat users; }', '',
      qr/"chatws_publish_response" needs "chatws_users zone=chat" in \S+:\d/ ],
    [ 'answers to users, twice', '',
      'location /x { chatws_publish_response chat users users; }', '',
      qr/invalid parameter "users" of "chatws_publish_response"/ ],
    [ 'answers in a batch, twice', '',
      'location /x { chatws_publish_response chat batch batch; }', '',
      qr/invalid parameter "batch" of "chatws_publish_response"/ ],
    [ 'an upload without a user', 'chatws_users zone=chat;',
      'location /x { chatws_upload chat; }', '',
      qr{"chatws_upload" in location "/x" needs a user} ],
    [ 'an upload to a zone without people', '',
      'location /x { chatws_user u; chatws_upload chat; }', '',
      qr/"chatws_upload" needs "chatws_users zone=chat" in \S+:\d/ ],
    [ 'an upload to no zone', '',
      'location /x { chatws_user u; chatws_upload none; }', '',
      qr/unknown zone "none" in "chatws_upload"/ ],
    [ 'an upload twice', '',
      'location /x { chatws_upload chat; chatws_upload off; }', '',
      qr/"chatws_upload" directive is duplicate/ ],
    [ 'an upload in a server', '', 'chatws_upload chat;', '',
      qr/"chatws_upload" directive is not allowed here/ ],
    [ 'an interval of uploads, too short', 'chatws_upload_interval 99ms;', '',
      '', qr/"chatws_upload_interval".* 100/ ],
    [ 'an interval of uploads, too long', 'chatws_upload_interval 5s;', '',
      '', qr/"chatws_upload_interval"/ ],
    [ 'a close with a code of RFC 6455', '',
      'location /x { chatws_close 1008 x; }', '',
      qr/"chatws_close" value "1008" must be between 4000 and 4999/ ],
    [ 'a close without a code', '', 'location /x { chatws_close x 4000; }',
      '', qr/"chatws_close" value "x" must be/ ],
    [ 'a long reason', '', 'location /x { chatws_close 4000 '
      . 'x' x 124 . '; }', '', qr/must be at most 123 bytes of UTF-8/ ],
    [ 'a reason that is not UTF-8', '',
      "location /x { chatws_close 4000 \xff; }", '',
      qr/must be at most 123 bytes of UTF-8/ ],
    [ 'a close twice', '',
      'location /x { chatws_close 4000 x; chatws_close 4001 x; }', '',
      qr/is duplicate/ ],
    [ 'a close beside an endpoint', '', '', 'chatws_close 4000 x;',
      qr/"chatws_close" can't be used together with another content/ ],
    [ 'a close before an endpoint', '',
      'location /x { chatws_close 4000 x; chatws chat; }', '',
      qr/"chatws" can't be used together with another content/ ],
    [ 'a close, and then a proxy', '',
      'location /x { chatws_close 4000 x; proxy_pass http://127.0.0.1:1; }',
      '', qr/"chatws_close" can't be used together with another content/ ],
    [ 'rights of members', '', 'chatws_access members;', '',
      qr/"members", but there is no "chatws_users zone=chat" in \S+:\d/ ],
    [ 'rights of nobody', '', 'chatws_access nobody;', '',
      qr/invalid parameter "nobody" of "chatws_access", it must be open,/ ],
    [ 'chats of users without users', '', '', 'chatws_user_chats $arg_c;',
      qr/"chatws_user_chats" needs "chatws_users zone=chat" in \S+:\d/ ],
    [ 'chats of users, twice', '',
      'chatws_user_chats a; chatws_user_chats a;', '',
      qr/"chatws_user_chats" directive is duplicate/ ],
    [ 'a long time to settle', '', 'chatws_members_settle 61m;', '',
      qr/"chatws_members_settle" value "61m" must be between/ ],
    [ 'rights, no source', '', 'chatws_access;', '',
      qr/number of arguments in "chatws_access"/ ],
    [ 'rights, open and more', '', 'chatws_access open token;', '',
      qr/"token" of "chatws_access" does not go together with/ ],
    [ 'rights, more and open', '', 'chatws_access token open;', '',
      qr/"open" of "chatws_access" does not go together with/ ],
    [ 'rights, a source twice', '', 'chatws_access token token;', '',
      qr/"token" of "chatws_access" does not go together with/ ],
    [ 'rights twice', '', 'chatws_access open; chatws_access open;', '',
      qr/"chatws_access" directive is duplicate/ ],
    [ 'rights by request, nobody to ask', '', '', 'chatws_access request;',
      qr/"chatws_access" has the source "request", but there is no "chatws_/ ],
    [ 'rights to publish by request, nobody to ask', '',
      'location /x { chatws_publish chat; chatws_access request; '
      . 'chatws_token $http_authorization; '
      . 'chatws_token_key_file sig.jwks; }', '',
      qr/"chatws_access" has the source "request", but there is no "chatws_/ ],
    [ 'rights by token, no tokens', '', 'chatws_access token;', '',
      qr/"chatws_access" has the source "token", but there is no "chatws_t/ ],
    (map { [ "the URL $_", '', qq(chatws_access_pass "$_";), '',
        qr/invalid URL "\Q$_\E" of "chatws_access_pass": / ] }
        'https://a/', '/x', 'http://', 'http://:80/', 'http://127.0.0.1:x/',
        'http://127.0.0.1:99999/', 'http://a b/', 'http://127.0.0.1/a#b',
        'unix:', 'unix:' . '/x' x 100, 'http://nowhere.invalid/'),
    [ 'the URL twice', '',
      'chatws_access_pass unix:/a; chatws_access_pass unix:/b;', '',
      qr/"chatws_access_pass" directive is duplicate/ ],
    (map { [ "the cache $_", '', "chatws_access_cache $_;", '',
        qr/invalid parameter "\S+" of "chatws_access_cache", it must be va/ ] }
        'on', 'valid', 'valid=', 'valid=x', 'valid=2d', 'recheck=0',
        'valid=1s valid=2s', 'invalid=1s'),
    [ 'the cache twice', '',
      'chatws_access_cache valid=1s; chatws_access_cache denied=1s;', '',
      qr/"chatws_access_cache" directive is duplicate/ ],
    [ 'zone in a server', '', 'chatws_zone zone=z:1m;', '',
      qr/"chatws_zone" directive is not allowed here/ ],
    [ 'endpoint in a server', '', 'chatws chat;', '',
      qr/"chatws" directive is not allowed here/ ],
    [ 'an unknown zone', '', '', 'chatws none;',
      qr/unknown zone "none" in "chatws", .*"chatws_zone".* in \S+:\d+/, 1 ],
    [ 'a switch for a zone', '', '', 'chatws on;',
      qr/unknown zone "on" in "chatws", its argument is the name of a zone/,
      1 ],
    [ 'an unknown zone for the status', '',
      'location /x { chatws_status none; }',
      '', qr/unknown zone "none" in "chatws_status".* in \S+:\d+/ ],
    [ 'a zone that is only used', '', 'location /x { chatws_publish b; }
      location /y { chatws b; }', '', qr/unknown zone "b"/ ],
    [ 'an unknown zone to publish to', '',
      'location /x { chatws_publish none; }', '',
      qr/unknown zone "none" in "chatws_publish",.* in \S+:\d+/ ],
    [ 'an unknown zone for responses', '',
      'location /x { chatws_publish_response none; }', '',
      qr/unknown zone "none" in "chatws_publish_response",.* in \S+:\d+/ ],
    [ 'a zone named "off" for batches', '',
      'location /x { chatws_publish_response off batch; }', '', qr/"off"/ ],
    [ 'another parameter for responses', '',
      'location /x { chatws_publish_response chat batches; }', '',
      qr/invalid parameter "batches" of "chatws_publish_response"/ ],
    [ 'responses twice', '', 'location /x { chatws_publish_response chat;'
      . ' chatws_publish_response off; }', '', qr/is duplicate/ ],
    [ 'a zone of another kind', 'limit_conn_zone $uri zone=conn:1m;',
      'location /x { chatws conn; }', '', qr/"conn"/ ],
    [ 'endpoint twice', '', '', 'chatws chat;',
      qr/"chatws" directive is duplicate/ ],
    [ 'endpoint and publishing', '', '', 'chatws_publish chat;',
      qr/"chatws_publish" can't be used/ ],
    ( map { my $directive = $_;
        map { my $other = $_;
            [ "$directive and $other", '',
              "location /x { $directive chat; $other; }", '',
              qr/"$directive" can't be used together .* in \S+:\d+/ ],
            [ "$other and $directive", '',
              "location /x { $other; $directive chat; }", '',
              qr/"$directive" can't be used together .* in \S+:\d+/ ],
        } 'proxy_pass http://127.0.0.1:1', 'stub_status', 'empty_gif',
          'fastcgi_pass 127.0.0.1:1', 'memcached_pass 127.0.0.1:1'
      } qw/ chatws chatws_publish chatws_status / ),
    [ 'another handler in an inner location', '',
      'location /x { proxy_pass http://127.0.0.1:1; location /x/y {
      chatws chat; location /x/y/z { chatws chat; empty_gif; } } }', '',
      qr/"chatws" can't be used together .* in \S+:\d+/ ],
    [ 'no argument', '', 'location /x { chatws; }', '',
      qr/number of arguments in "chatws"/ ],
    [ 'own messages', '', '', 'chatws_own_messages yes;',
      qr/invalid value "yes" in "chatws_own_messages"/ ],
    [ 'pattern', '', '', 'chatws_chat_pattern "(";',
      qr/"\("|pcre|missing/ ],
    [ 'pattern, twice', '', '',
      'chatws_chat_pattern a; chatws_chat_pattern b;',
      qr/"chatws_chat_pattern" directive is duplicate/ ],
    [ 'user, twice', '', '', 'chatws_user $arg_a; chatws_user $arg_b;',
      qr/"chatws_user" directive is duplicate/ ],
    [ 'user, an unknown variable', '', '', 'chatws_user $nowhere;',
      qr/unknown "nowhere" variable/ ],
    [ 'origins, none', '', '', 'chatws_allowed_origins;',
      qr/number of arguments in "chatws_allowed_origins"/ ],
    ( map {
        my ($origin, $message) = @$_;
        [ "origins, $origin", '', '',
          "chatws_allowed_origins https://a.example '$origin';",
          qr/no page has the origin "\Q$origin\E" of .*$message.* in \S+:\d/ ]
      } [ 'chat.example.com', qr/scheme/ ],
        [ 'chat.example.com:443', qr/scheme/ ],
        [ '//chat.example.com', qr/scheme/ ],
        [ '', qr/scheme/ ],
        [ '$scheme', qr/scheme/ ],
        [ 'self', qr/scheme/ ],
        [ 'wss://chat.example.com', qr/scheme/ ],
        [ 'ws://*', qr/scheme/ ],
        [ 'https://chat.example.com/', qr/slash/ ],
        [ 'https://chat.example.com/chat', qr/slash/ ],
        [ 'https://*/', qr/slash/ ],
        [ '*.example.com/', qr/slash/ ],
        [ 'https:///chat.example.com', qr/slash/ ],
        [ 'https://chat.example.com?x', qr/ASCII/ ],
        [ 'https://$host', qr/ASCII/ ],
        [ '~^https://', qr/ASCII/ ],
        [ 'https://joe@chat.example.com', qr/ASCII/ ],
        [ "https://b\xc3\xbccher.example", qr/ASCII/ ],
        [ 'https://a.example,https://b.example', qr/slash|ASCII/ ],
        [ 'https://::1', qr/ASCII/ ],
        [ 'https://', qr/host/ ],
        [ 'https://:8443', qr/host/ ],
        [ 'https://chat.example.com:', qr/port/ ],
        [ 'https://chat.example.com:https', qr/port/ ],
        [ 'https://chat.example.com:443', qr/default port/ ],
        [ 'http://chat.example.com:80', qr/default port/ ] ),
    [ 'encrypt, another value', '', '', 'chatws_encrypt yes;',
      qr/invalid value "yes" in/ ],
    [ 'encrypt, no key', 'chatws_encrypt on;',
      'location /x { chatws_publish chat; }', '',
      qr/"chatws_encrypt on" needs a key: "chatws_encryption_key_file"/ ],
    [ 'encrypt, no key for responses', '',
      'location /x { chatws_publish_response chat; chatws_encrypt on;'
      . ' proxy_pass http://127.0.0.1; }', '', qr/needs a key/ ],
    [ 'encrypt, no key for the API', '', 'location /x { chatws_api chat'
      . ' write=on; chatws_encrypt on; }', '', qr/needs a key/ ],
    [ 'encrypt, no key in an if', '', 'location /x { chatws_publish chat;'
      . ' if ($arg_x) { chatws_encrypt on; } }', '',
      qr/needs a key|not allowed here/ ],
    [ 'key file, none', '', '', 'chatws_encryption_key_file none.jwks;',
      qr{open\(\) "\S+/none.jwks" failed .* in \S+:\d} ],
    [ 'key file, a directory', '', '', 'chatws_encryption_key_file .;',
      qr{is no file of at most 65536 bytes in \S+:\d} ],
    [ 'key file, no set', '', '', 'chatws_encryption_key_file nginx.conf;',
      qr{invalid keys in "\S+/nginx.conf": .* in \S+:\d} ],
    [ 'key file, no key', '', '', 'chatws_encryption_key_file sig.jwks;',
      qr{sig.jwks": it has no key that can encrypt in \S+:\d} ],
    [ 'key file, too large', '', '', 'chatws_encryption_key_file large.jwks;',
      qr{large.jwks" is no file of at most 65536 bytes in \S+:\d} ],
    [ 'key file, twice', '', '', 'chatws_encryption_key_file enc.jwks;'
      . ' chatws_encryption_key_file enc.jwks;', qr/is duplicate/ ],
    [ 'message size, not a size', '', '', 'chatws_max_message_size x;',
      qr/"chatws_max_message_size" directive invalid value/ ],
    [ 'message size, none', '', '', 'chatws_max_message_size 0;',
      qr/"chatws_max_message_size" value "0" must be between 1 and 255m/ ],
    [ 'message size, too large', '', '', 'chatws_max_message_size 256m;',
      qr/value "256m" must be between 1 and 255m in \S+:\d/ ],
    [ 'typing, unknown', '', '', 'chatws_typing on;',
      qr/invalid parameter "on" of "chatws_typing" in \S+:\d/ ],
    [ 'typing, off and more', '', '', 'chatws_typing off merge=1;',
      qr/invalid parameter "off" of "chatws_typing" in \S+:\d/ ],
    [ 'typing, merge twice', '', '', 'chatws_typing merge=1 merge=2;',
      qr/duplicate parameter "merge=2" of "chatws_typing" in \S+:\d/ ],
    [ 'typing, interval', '', '', 'chatws_typing interval=x;',
      qr/"chatws_typing" has an invalid time "interval=x".*at most 1h/ ],
    [ 'typing, timeout', '', '', 'chatws_typing timeout=2h;',
      qr/"chatws_typing" has an invalid time "timeout=2h"/ ],
    [ 'typing, no timeout', '', '', 'chatws_typing timeout=;',
      qr/"chatws_typing" has an invalid time "timeout="/ ],
    [ 'typing, both times', '', '', 'chatws_typing interval=10s;',
      qr/the interval of "chatws_typing" must be less than its timeout/ ],
    [ 'typing, timeout of 0', '', '', 'chatws_typing interval=0 timeout=0;',
      qr/the interval of "chatws_typing" must be less than its timeout/ ],
    [ 'typing, no list', '', '', 'chatws_typing merge=0;',
      qr/"chatws_typing" value "merge=0" must be between 1 and 16 / ],
    [ 'typing, a long list', '', '', 'chatws_typing merge=17;',
      qr/"chatws_typing" value "merge=17" must be between 1 and 16 / ],
    [ 'typing, limit', '', '', 'chatws_typing limit=-1;',
      qr/"chatws_typing" value "limit=-1" must be between 1 and 1000000 / ],
    [ 'typing, twice', '', '', 'chatws_typing off; chatws_typing;',
      qr/is duplicate/ ],
    [ 'user subscriptions, no name', '', '',
      'chatws_limit_subscriptions 5;', qr/"5".*it must be user=number/ ],
    [ 'user subscriptions, not a number', '', '',
      'chatws_limit_subscriptions user=5x;',
      qr/"user=5x" must be between 1 and \d+/ ],
    [ 'user subscriptions, none', '', '',
      'chatws_limit_subscriptions user=0;', qr/must be between 1 and \d+/ ],
    map({ [ "limit, $_->[0]", '', '', "chatws_limit_user $_->[0];", $_->[1] ] }
        [ 'burst=5', qr/"chatws_limit_user" must have the parameter "rate"/ ],
        [ '5r/s', qr/invalid parameter "5r\/s" of "chatws_limit_user"/ ],
        [ 'rate=0r/s', qr/invalid parameter "rate=0r\/s"/ ],
        [ 'rate=r/s', qr/invalid parameter "rate=r\/s"/ ],
        [ 'rate=5r/h', qr/invalid parameter "rate=5r\/h"/ ],
        [ 'rate=5', qr/invalid parameter "rate=5"/ ],
        [ 'rate=1000001r/s', qr/invalid parameter.*1 to 1000000/ ],
        [ 'rate=-1r/s', qr/invalid parameter/ ],
        [ 'rate=5r/s burst=0', qr/invalid parameter "burst=0"/ ],
        [ 'rate=5r/s burst=x', qr/invalid parameter "burst=x"/ ],
        [ 'rate=5r/s burst=1000001', qr/invalid parameter/ ],
        [ 'rate=5r/s nodelay', qr/invalid parameter "nodelay"/ ],
        [ 'rate=5r/s rate=6r/s', qr/invalid parameter "rate=6r\/s"/ ],
        [ 'rate=5r/s off', qr/invalid parameter "off"/ ],
        [ 'off; chatws_limit_user off', qr/is duplicate/ ]),
    map({ [ "connections, $_->[0]", '', '', "chatws_limit_connections $_->[0];",
        $_->[1] ] }
        [ '5', qr/"5" of "chatws_limit_connections", it must be user=number/ ],
        [ 'user=0', qr/invalid parameter "user=0"/ ],
        [ 'user=x', qr/invalid parameter "user=x"/ ],
        [ 'user=10001', qr/invalid parameter.*from 1 to 10000/ ],
        [ 'off; chatws_limit_connections off', qr/is duplicate/ ]),
    [ 'user subscriptions, twice', '', '', 'chatws_limit_subscriptions '
      . 'user=5; chatws_limit_subscriptions user=6;', qr/is duplicate/ ],
    [ 'subscriptions, not a number', '', '', 'chatws_max_subscriptions x;',
      qr/"chatws_max_subscriptions" directive invalid/ ],
    [ 'subscriptions, none', '', '', 'chatws_max_subscriptions 0;',
      qr/chatws_max_subscriptions.*\b[1-9]\d*\b/ ],
    [ 'ping interval', '', '', 'chatws_ping_interval x;',
      qr/"chatws_ping_interval" directive invalid value/ ],
    [ 'ping timeout', '', '', 'chatws_ping_timeout x;',
      qr/"chatws_ping_timeout" directive invalid value/ ],
    [ 'ping timeout, none', '', '', 'chatws_ping_timeout 0;',
      qr/"chatws_ping_timeout" value "0" must be between 1ms and 1d/ ],
    [ 'ping timeout, too long', '', '', 'chatws_ping_timeout 2d;',
      qr/"chatws_ping_timeout" value "2d" must be between 1ms and 1d/ ],
    [ 'ping interval, too long', '', '', 'chatws_ping_interval 2d;',
      qr/"chatws_ping_interval" value "2d" must be between 0 and 1d/ ],
    [ 'coalesce', 'chatws_coalesce 2s;', '', '',
      qr/"chatws_coalesce" value "2s" must be between 0 and 1s/ ],
    [ 'deflate level', '', '', 'chatws_deflate_level 0;',
      qr/"chatws_deflate_level" value "0" must be between 1 and 9/ ],
    [ 'send buffer', '', '', 'chatws_send_buffer x;',
      qr/"chatws_send_buffer" directive invalid value/ ],
    [ 'send buffer, too small', '', '', 'chatws_send_buffer 1;',
      qr/"chatws_send_buffer" value "1" must be between 4k and 1024m/ ],
    [ 'drain', '', '', 'chatws_drain x;',
      qr/"chatws_drain" directive invalid value/ ],
);

# what is allowed, and warned of or not

my @warned = (
    [ 'responses without a handler', '',
      'location /x { chatws_publish_response chat; }', '',
      qr/\[warn\] .*"chatws_publish_response" finds no responses.* in \S+:\d/
    ],
    [ 'responses of what is only rewritten', '',
      'location /x { rewrite ^ /y; chatws_publish_response chat; }
      location /y { proxy_pass http://127.0.0.1:1; }', '',
      qr/\[warn\] .*finds no responses/ ],
    [ 'responses of an inner location', '',
      'location /x { chatws_publish_response chat; location /x/y {
      location /x/y/z { proxy_pass http://127.0.0.1:1; } } }', '', undef ],
    [ 'responses of an if', '',
      'location /x { if ($arg_a) { proxy_pass http://127.0.0.1:1; }
      chatws_publish_response chat; }', '', undef ],
    [ 'responses of limit_except', '',
      'location /x { limit_except GET { proxy_pass http://127.0.0.1:1; }
      chatws_publish_response chat; }', '', undef ],
    [ 'responses, the handler behind', '',
      'location /x { chatws_publish_response chat;
      proxy_pass http://127.0.0.1:1; }', '', undef ],
    [ 'another handler in an if', '',
      'location /x { chatws chat; if ($arg_a) {
      proxy_pass http://127.0.0.1:1; } }', '', undef ],
    [ 'ping timeout', '', '', 'chatws_ping_interval 5s;
      chatws_ping_timeout 6s;',
      qr/\[warn\] .*"chatws_ping_timeout" of 6000ms is longer .* in \S+:\d/ ],
    [ 'ping timeout as long as the interval', '', '',
      'chatws_ping_interval 10s;', undef ],
    [ 'ping timeout without pings', '', '', 'chatws_ping_timeout 1h;',
      undef ],
    [ 'a password without origins', '', '', 'auth_basic chat;',
      qr/\[notice\] .*"chatws_allowed_origins" is not set .* in \S+:\d/ ],
    [ 'auth_request without origins', '', '', 'auth_request /auth;',
      qr/\[notice\] .*"chatws_allowed_origins" is not set/ ],
    [ 'a user without origins, inherited', 'chatws_user $remote_user;',
      'location /x { chatws chat; } location /y { chatws chat;
      chatws_allowed_origins same; } location /z { chatws_publish chat; }',
      '', qr/\[notice\] .*\(locations: 2, the first\)/ ],
    [ 'a certificate without origins', '', 'ssl_verify_client optional_no_ca;',
      '', qr/\[notice\] .*"chatws_allowed_origins" is not set/ ],
    [ 'authentication with origins', 'auth_basic chat; auth_request /auth;
      chatws_allowed_origins same; chatws_user $remote_user;',
      'ssl_verify_client optional_no_ca;', '', undef ],
    [ 'authentication and any origin', 'auth_basic chat;', '',
      'chatws_allowed_origins *;', undef ],
    [ 'authentication that is off', 'auth_basic chat; auth_request /auth;',
      'auth_basic off;', 'auth_request off;', undef ],
    [ 'authentication elsewhere', 'auth_basic_user_file none;',
      'location /x { auth_basic x; } location /y { auth_request /x; }', '',
      undef ],
    [ 'ping timeout, inherited', 'chatws_ping_timeout 1m;', '',
      'chatws_ping_interval 59s;',
      qr/\[warn\] .*"chatws_ping_timeout" of 60000ms/ ],
    [ 'a limit of a claimed user', 'chatws_limit_user rate=1r/s;', '', '',
      qr/\[warn\] .*"chatws_limit_user", .* by user and address.* in \S+:\d/ ],
    [ 'connections of a claimed user', 'chatws_limit_connections user=5;', '',
      '', qr/\[warn\] .*"chatws_limit_connections", .* by user and address/ ],
    [ 'a limit of a known user', 'chatws_allowed_origins same;', '',
      'chatws_user $remote_user; chatws_limit_user rate=1r/s;', undef ],
    [ 'a limit of a claimed user, off', 'chatws_limit_user rate=1r/s;', '',
      'chatws_limit_user off;', undef ],
    [ 'a limit of connections', '', '', 'chatws_limit_actions rate=1r/m;
      chatws_limit_errors rate=1000000r/s burst=1000000;', undef ],
);

# values out of a range; what the message names is in it

my @ranges = ('chatws_max_message_size 0', 'chatws_send_buffer 1',
    'chatws_ping_interval 2d', 'chatws_ping_timeout 0', 'chatws_drain 2d',
    'chatws_session_lifetime 25d', 'chatws_coalesce 2s', 'chatws_history -1',
    'chatws_deflate_level 0', 'chatws_max_subscriptions 0',
    'chatws_limit_subscriptions user=0');

my $t = Test::Nginx->new()->has(qw/ http limit_conn proxy rewrite auth_basic
    auth_request http_ssl stub_status /)
    ->plan(2 * @cases + 2 * @warned + @ranges + 2);

my $key = '"kid":"k","k":"' . 'A' x 43 . '"}]}';

$t->write_file('enc.jwks', '{"keys":[{"kty":"oct",' . $key);
$t->write_file('sig.jwks', '{"keys":[{"kty":"oct","alg":"HS256",' . $key);
$t->write_file('large.jwks', ' ' x 65_537);

for my $case (@cases) {
    my ($name, $http, $server, $location, $message, $alone) = @$case;

    my $conf = conf(http => $http, server => $server,
        endpoint => $location);

    $conf =~ s/chatws chat;\n// if $alone;

    my ($status, $out) = tested($t, $conf);

    isnt($status, 0, "$name, refused");
    like($out, qr/\[emerg\].*(?:$message)/, "$name, message");
}

for my $case (@warned) {
    my ($name, $http, $server, $location, $message) = @$case;

    my ($status, $out) = tested($t, conf(http => $http, server => $server,
        endpoint => $location));

    is($status, 0, "$name, allowed") or diag($out);

    defined $message ? like($out, $message, "$name, warned")
                     : unlike($out, qr/\[\w+\]/, "$name, no word");
}

for my $text (@ranges) {
    my ($directive) = $text =~ /^(\w+ (?:\w+=)?)/;
    my $conf = conf(http => "$text;") =~ s/chatws_ping_interval 0;//r;
    my ($status, $out) = tested($t, $conf);
    my ($min, $max) = $out =~ /must be between (\S+) and (\S+) in/;
    my @told = grep { defined } $min, $max;

    is(join(' ', map { (tested($t, $conf =~ s/\Q$text\E/$directive$_/r))[0] }
        @told), '0 0', "$text, the range is allowed") or diag($out);
}

my ($status, $out) = tested($t, conf());

is($status, 0, 'and a right one is not') or diag($out);

unlink $t->testdir() . '/nginx.pid';
$t->run();
is(publish('')->{status}, 400, 'it runs');


sub tested {
    my ($t, $conf) = @_;

    $t->write_file_expand('nginx.conf', $conf);

    my $d = $t->testdir();
    my $out = `$Test::Nginx::NGINX -t -p $d/ -c nginx.conf -e stderr 2>&1`;
    my $status = $?;

    # what was refused as it should be is no alert of this test
    $t->write_file('error.log', '');

    return ($status, $out . "\n");
}
