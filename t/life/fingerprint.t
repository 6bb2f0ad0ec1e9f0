#!/usr/bin/perl

# Copyright (C) chatws contributors
#
# A session goes on after a reload only where all of the module that is in
# force in its location is as before.

use warnings;
use strict;

use Test::More;

BEGIN { use FindBin; push @INC, "$FindBin::Bin/../lib"; }

use Test::Chatws;
use Test::Chatws::Token;
use Test::Nginx;

my $keys = 'chatws_token_key_file %%TESTDIR%%/keys.jwks;';
my $token = "chatws_token \$http_x_token; $keys";

# name, before and after the reload; the same for the first ones

my @cases = (
    [ 'nothing', '', '' ],
    [ 'spelled out', '', 'chatws_history 1000 60m; chatws_drain 0;' ],
    [ 'chatws_sender', '', 'chatws_sender $arg_a;' ],
    [ 'rights as before', '', 'chatws_access open;' ],
    [ 'times as before', '', 'chatws_access_cache valid=1m;' ],
    [ 'handed over', '', 'chatws_handover on;' ],
    [ 'the lifetime as before', 'chatws_session_lifetime 1h;',
      'chatws_session_lifetime 60m;' ],
    [ 'the user as before', 'chatws_user $arg_a; chatws_username $arg_b;',
      'chatws_user "$arg_a"; chatws_username $arg_b;' ],
    [ 'origins as before', 'chatws_allowed_origins http://a.example;',
      'chatws_allowed_origins http://a.example;' ],
    [ 'a limit as before', 'chatws_limit_user rate=60r/m burst=9;',
      'chatws_limit_user burst=9 rate=1r/s; chatws_limit_errors off;' ],
    [ 'an if that was not there', '',
      'if ($http_none) { set $none 1; }' ],
    [ 'typing as before', 'chatws_typing;',
      'chatws_typing interval=2000ms timeout=10s limit=1000;' ],
    [ 'publishing what is answered', '', 'chatws_publish_response chat;' ],
    [ 'chatws_encrypt', '', 'chatws_encrypt require;' ],
    [ 'chatws_upload_chat', '', 'chatws_upload_chat c;' ],
    [ 'chatws_upload_id', '', 'chatws_upload_id i;' ],
    [ 'chatws_upload_interval', '', 'chatws_upload_interval 1s;' ],
    [ 'chatws_encryption_key_file', 'chatws_encryption_key_file one.jwks;',
      'chatws_encryption_key_file two.jwks;' ],
    [ 'the token as before, its keys are others', $token, $token ],
);

my $same = @cases;

push @cases, (
    [ 'chatws', 'chatws chat;', 'chatws other;' ],
    [ 'chatws_access', 'chatws_access_pass unix:/a;',
      'chatws_access_pass unix:/a; chatws_access request;' ],
    [ 'chatws_access, another', $token,
      "$token chatws_access token;" ],
    [ 'chatws_access_cache', '', 'chatws_access_cache denied=6s;' ],
    [ 'chatws_access_cache, valid', '', 'chatws_access_cache valid=61s;' ],
    [ 'chatws_access_cache, recheck', '', 'chatws_access_cache recheck=1s;' ],
    [ 'chatws_access_pass', '', 'chatws_access_pass unix:/a;' ],
    [ 'chatws_access_pass, another', 'chatws_access_pass unix:/a;',
      'chatws_access_pass unix:/b;' ],
    [ 'chatws_access_timeout', '', 'chatws_access_timeout 4s;' ],
    [ 'chatws_allowed_origins', '',
      'chatws_allowed_origins http://a.example;' ],
    [ 'chatws_allowed_origins, more',
      'chatws_allowed_origins http://a.example;',
      'chatws_allowed_origins http://a.example http://b.example;' ],
    [ 'chatws_allowed_origins, others',
      'chatws_allowed_origins http://a.example http://bc.example;',
      'chatws_allowed_origins http://a.example http://cb.example;' ],
    [ 'chatws_auth_timeout', '', 'chatws_auth_timeout 9s;' ],
    [ 'chatws_chat_pattern', 'chatws_chat_pattern .;',
      'chatws_chat_pattern ^.;' ],
    [ 'chatws_deflate', '', 'chatws_deflate on;' ],
    [ 'chatws_deflate_context_takeover', '',
      'chatws_deflate_context_takeover on;' ],
    [ 'chatws_deflate_level', '', 'chatws_deflate_level 2;' ],
    [ 'chatws_deflate_min_length', '', 'chatws_deflate_min_length 1;' ],
    [ 'chatws_drain', '', 'chatws_drain 1h;' ],
    [ 'chatws_expires', '', 'chatws_expires 0;' ],
    [ 'chatws_expires, another', 'chatws_expires "${arg_none}0";',
      'chatws_expires 0$arg_none;' ],
    [ 'chatws_handover, off', 'chatws_handover off;',
      'chatws_handover off;' ],
    [ 'chatws_handover, off now', '', 'chatws_handover off;' ],
    [ 'chatws_handover, on now', 'chatws_handover off;', '' ],
    [ 'chatws_history', '', 'chatws_history 999;' ],
    [ 'chatws_history, time', '', 'chatws_history 1000 2h;' ],
    [ 'chatws_limit_actions', '', 'chatws_limit_actions rate=9r/s;' ],
    [ 'chatws_limit_actions, another burst',
      'chatws_limit_actions rate=9r/s burst=90;',
      'chatws_limit_actions rate=9r/s burst=91;' ],
    [ 'chatws_limit_connections', '', 'chatws_limit_connections user=9;' ],
    [ 'chatws_limit_errors', '', 'chatws_limit_errors rate=9r/s;' ],
    [ 'chatws_limit_subscriptions', '',
      'chatws_limit_subscriptions user=9999;' ],
    [ 'chatws_limit_user', '', 'chatws_limit_user rate=9r/s;' ],
    [ 'chatws_max_message_size', '', 'chatws_max_message_size 15k;' ],
    [ 'chatws_max_subscriptions', '', 'chatws_max_subscriptions 999;' ],
    [ 'chatws_members_settle', '', 'chatws_members_settle 61s;' ],
    [ 'chatws_own_messages', '', 'chatws_own_messages on;' ],
    [ 'chatws_ping_interval', '', 'chatws_ping_interval 1h;' ],
    [ 'chatws_ping_timeout', '', 'chatws_ping_timeout 11s;' ],
    [ 'chatws_send_buffer', '', 'chatws_send_buffer 255k;' ],
    [ 'chatws_session_lifetime', '', 'chatws_session_lifetime 1h;' ],
    [ 'chatws_session_lifetime, another', 'chatws_session_lifetime 1h;',
      'chatws_session_lifetime 61m;' ],
    [ 'chatws_subprotocol', '', 'chatws_subprotocol chat;' ],
    [ 'chatws_token', $token, "$keys chatws_token protocol \$http_x_token;" ],
    [ 'chatws_token, off', $token, $keys ],
    [ 'chatws_token_audience', $token, "$token chatws_token_audience a;" ],
    [ 'chatws_token_grace', '', 'chatws_token_grace 31s;' ],
    [ 'chatws_token_issuer', $token, "$token chatws_token_issuer a;" ],
    [ 'chatws_token_key_file', $token,
      "$token chatws_token_key_file %%TESTDIR%%/other.jwks;" ],
    [ 'chatws_token_leeway', $token, "$token chatws_token_leeway 11s;" ],
    [ 'chatws_token_lifetime', $token, "$token chatws_token_lifetime 2d;" ],
    [ 'chatws_token_max_size', $token, "$token chatws_token_max_size 5k;" ],
    [ 'chatws_presence_state', '', 'chatws_presence_state $arg_a;' ],
    [ 'chatws_presence_state, another', 'chatws_presence_state $arg_a;',
      'chatws_presence_state $arg_b;' ],
    [ 'chatws_typing', '', 'chatws_typing;' ],
    [ 'chatws_typing, off', 'chatws_typing;', 'chatws_typing off;' ],
    [ 'chatws_typing, interval', 'chatws_typing;',
      'chatws_typing interval=1s;' ],
    [ 'chatws_typing, timeout', 'chatws_typing;',
      'chatws_typing timeout=11s;' ],
    [ 'chatws_typing, merge', 'chatws_typing;', 'chatws_typing merge=16;' ],
    [ 'chatws_typing, limit', 'chatws_typing;', 'chatws_typing limit=1;' ],
    [ 'chatws_user', '', 'chatws_user $remote_user;' ],
    [ 'chatws_user, another', 'chatws_user $arg_a;', 'chatws_user $arg_b;' ],
    [ 'chatws_user, none', 'chatws_user $arg_a;', '' ],
    [ 'chatws_user_chats', 'chatws known;',
      'chatws known; chatws_user_chats $arg_a;' ],
    [ 'chatws_user_chats, another', 'chatws known; chatws_user_chats $arg_a;',
      'chatws known; chatws_user_chats $arg_b;' ],
    [ 'chatws_users', 'chatws people;', 'chatws people;' ],
    [ 'chatws_receipts, delivered', 'chatws ticks;', 'chatws ticks;' ],
    [ 'chatws_username', '', 'chatws_username $arg_b;' ],
    [ 'chatws_username, another', 'chatws_username $arg_a;',
      'chatws_username $arg_b;' ],
    [ 'chatws_watch', '', 'chatws_watch 1;' ],
    [ 'chatws_watch, members', 'chatws_watch 1;', 'chatws_watch 1 members;' ],
    [ 'one for the other', 'chatws_user $arg_a;', 'chatws_username $arg_a;' ],
);

my $t = Test::Nginx->new()->has(qw/ http rewrite /)->plan(3 * @cases + 5);

# each directive that a session may be told apart by is here

my $code = join '', map { slurp($_) }
    map { glob "$Test::Chatws::TOP/$_" } qw{ *_module.c src/*.h src/*/*.h };

$code =~ s/\h*\\$//mg;

my %case = map { my ($name) = $_->[0] =~ /^(chatws_\w+)/; ($name || '') => 1 }
    @cases;

is(join(' ', grep { !$case{$_} } $code =~
    /\{\s*ngx_string\("(chatws_\w+)"\),\s*NGX_HTTP_CHATWS_ANY_CONF/g), '',
    'all directives are here');

$t->write_file("$_.jwks", '{"keys":[{"kty":"oct","kid":"' . $_
    . '","k":"' . 'A' x 43 . '"}]}') for 'one', 'two';

my $key = secret_key('k');

$t->write_file('keys.jwks', jwks($key));
$t->write_file('other.jwks', jwks(secret_key('o')));
$t->write_file_expand('nginx.conf', configuration(1))->run();

my $unnamed = ws(user => 'u', chats => 'c', path => '/unnamed', port => 8081);
my @ws = map {
    ws(args => "userId=u&a=u&b=v", chats => 'c', path => "/$_",
        headers => [ 'X-Token: ' . token($key) ])
} 0 .. $#cases;

$t->write_file('keys.jwks', jwks(secret_key('later')));
$t->write_file_expand('nginx.conf', configuration(2));
ok(reloaded($t), 'reload');

for my $i (0 .. $#cases) {
    my ($name) = @{$cases[$i]};

    is($ws[$i]->{status}, 101, "$name, connected");

    if ($i < $same) {
        my $answer = $ws[$i]->subscribe('later') || {};
        is($answer->{chatId}, 'later', "$name, goes on");
        ok(!$ws[$i]->{eof}, "$name, open");

    } else {
        is(($ws[$i]->await_close() || {})->{reason},
            'service restart, reconnect', "$name, closed");

        $ws[$i]->send_close(1012);
        ok($ws[$i]->ended(), "$name, ended");
    }
}

is(($unnamed->await_close() || {})->{reason}, 'service restart, reconnect',
    'another server name');

ok(eventually(sub {
    request('GET', '/status')->{json}{moved} == $same
}), 'handed over');

is(scalar(() = $t->read_file('error.log') =~ /can't be taken over/g), 0,
    'none was offered in vain');

$_->drop() for @ws;


sub configuration {
    my ($which) = @_;

    my $locations = '';

    for my $i (0 .. $#cases) {
        my $text = $cases[$i][$which];
        my $own = $text =~ /\bchatws \w/ ? '' : 'chatws chat;';

        $locations .= "location = /$i { $own $text }\n";
    }

    my $name = $which == 1 ? 'before' : 'after';
    my $users = $which == 1 ? '' : 'chatws_users zone=people;';
    my $delivered = $which == 1 ? '' : 'delivered';

    return conf(http => "chatws_zone zone=other:1m; chatws_drain 0;
        chatws_zone zone=people:1m; $users
        chatws_zone zone=known:1m; chatws_users zone=known;
        chatws_zone zone=ticks:1m;
        chatws_users zone=ticks;
        chatws_unread zone=ticks;
        chatws_receipts zone=ticks $delivered;",
        server => "$locations
        location = /status {
            chatws_status chat;
        }
    }

    server {
        listen 127.0.0.1:8081;
        server_name $name;

        location = /unnamed {
            chatws chat;
        }");
}
