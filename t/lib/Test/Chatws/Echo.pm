package Test::Chatws::Echo;

# Copyright (C) chatws contributors
#
# The WebSocket engine under an echo: an nginx with the module of t/echo,
# which only tests have.  Loaded before Test::Chatws.

use warnings;
use strict;

use base qw/ Exporter /;

our @EXPORT = qw/ echo echo_conf echo_servers tls stub_status /;

use Cwd qw/ abs_path /;
use File::Basename qw/ dirname /;


BEGIN {
    my $top = abs_path(dirname(__FILE__) . '/../../../..');

    # both modules in one nginx would have each directive twice

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


# A configuration with an echo at /, and the counts of nginx at /status; no
# pings, as in conf().

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


# Two servers more, one of which talks TLS: to be the http of echo_conf().
# Options: listen, for both; http, echo, server as there.

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


# The option ssl of a client; made once, as it takes most of the time.

my $tls;

sub tls {
    require IO::Socket::SSL;

    $tls = $tls || IO::Socket::SSL::SSL_Context->new(
        SSL_verify_mode => IO::Socket::SSL::SSL_VERIFY_NONE());

    return { SSL_reuse_ctx => $tls };
}


# The counts of stub_status, but for the connection that asks.

sub stub_status {
    my $answer = Test::Chatws::request('GET', '/status', @_) or return {};
    my %n = $answer->{body}
        =~ /(Active connections|Reading|Writing|Waiting): (\d+)/g;

    $n{Active} = delete($n{'Active connections'}) - 1;
    $n{Writing}--;

    return \%n;
}


# A connection to the echo.

sub echo {
    my (%o) = @_;

    return peer(path => '/', args => '', %o);
}


1;
