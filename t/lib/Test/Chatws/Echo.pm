package Test::Chatws::Echo;

# Copyright (C) chatws contributors
#
# The WebSocket engine without the chat: an nginx with the echo module of
# t/echo, which only the tests use.  A test loads this before Test::Chatws.

use warnings;
use strict;

use base qw/ Exporter /;

our @EXPORT = qw/ echo echo_conf echo_servers tls stub_status /;

use Cwd qw/ abs_path /;
use File::Basename qw/ dirname /;


BEGIN {
    my $top = abs_path(dirname(__FILE__) . '/../../../..');

    # with both modules in one nginx each directive would exist twice

    if (defined $ENV{TEST_NGINX_ECHO_BINARY}) {
        $ENV{TEST_NGINX_BINARY} = $ENV{TEST_NGINX_ECHO_BINARY};
        $ENV{TEST_NGINX_GLOBALS} = ' ';

    } else {
        $ENV{TEST_NGINX_GLOBALS} =
            "load_module $top/build/ngx_http_chatws_echo_module.so;\n";
    }

    require Test::Chatws;
}


use Test::Chatws::Peer;


# Returns a configuration with an echo at /, and nginx's counts at /status.
# Pings are off, as in conf().

sub echo_conf {
    my (%o) = @_;

    my %text = map { $_ => defined $o{$_} ? $o{$_} : '' }
        qw/ main events http server echo /;
    my $events = $ENV{TEST_NGINX_GLOBALS_EVENTS} || '';

    return <<"EOC";
%%TEST_GLOBALS%%

daemon off;
$text{main}

events {
    $events
    $text{events}
}

http {
    %%TEST_GLOBALS_HTTP%%

    chatws_max_message_size 32m;
    chatws_ping_interval 0;
    $text{http}

    server {
        listen 127.0.0.1:8080;
        server_name localhost;

        location / {
            chatws_echo;
            $text{echo}
        }

        location = /status {
            stub_status;
        }

        $text{server}
    }
}
EOC
}


# Returns two more servers, one of them with TLS, for the http of echo_conf().
# The option listen is for both; http, echo and server are as there.

sub echo_servers {
    my (%o) = @_;

    my %text = map { $_ => defined $o{$_} ? $o{$_} : '' }
        qw/ listen http server echo /;

    return <<"EOC";
    ssl_certificate cert.pem;
    ssl_certificate_key cert.key;
    $text{http}

    server {
        listen 127.0.0.1:8443 ssl $text{listen};
        listen 127.0.0.1:8081 $text{listen};
        server_name localhost;

        location / {
            chatws_echo;
            $text{echo}
        }

        $text{server}
    }
EOC
}


# Returns the option ssl of a client.  It is made once, since that takes most of
# the time.

my $tls;

sub tls {
    require IO::Socket::SSL;

    $tls = $tls || IO::Socket::SSL::SSL_Context->new(
        SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_NONE());

    return { SSL_reuse_ctx => $tls };
}


# Returns the counts of stub_status without the connection that asks.

sub stub_status {
    my $answer = Test::Chatws::request('GET', '/status', @_) or return {};
    my %n = $answer->{body}
        =~ /(Active connections|Reading|Writing|Waiting): (\d+)/g;

    $n{Active} = delete($n{'Active connections'}) - 1;
    $n{Writing}--;

    return \%n;
}


# Returns a connection to the echo.

sub echo {
    my (%o) = @_;

    return peer(path => '/', args => '', %o);
}


1;
