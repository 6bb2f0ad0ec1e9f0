package Test::Chatws::Token;

# Copyright (C) chatws contributors
#
# Tokens and keys for tests: secrets with Perl alone, other keys with the
# program of OpenSSL.

use warnings;
use strict;

use base qw/ Exporter /;

our @EXPORT = qw/ b64url jwks secret_key token token_parts /;

use Digest::SHA qw/ hmac_sha256 hmac_sha384 hmac_sha512 sha256 /;
use JSON::PP;
use MIME::Base64 qw/ encode_base64 /;

my $json = JSON::PP->new->utf8->canonical;

my %hmac = (HS256 => \&hmac_sha256, HS384 => \&hmac_sha384,
    HS512 => \&hmac_sha512);


sub b64url {
    my ($bytes) = @_;

    my $text = encode_base64($bytes, '');

    $text =~ tr{+/}{-_};
    $text =~ s/=+\z//;

    return $text;
}


# A key of 64 bytes that follow from its id.

sub secret_key {
    my ($kid, %o) = @_;

    return { kid => $kid, alg => $o{alg} || 'HS256',
        secret => sha256("a$kid") . sha256("b$kid") };
}


# The text of a set of such keys.

sub jwks {
    return $json->encode({ keys => [ map { {
        kty => 'oct', kid => $_->{kid}, alg => $_->{alg},
        k => b64url($_->{secret}) } } @_ ] });
}


# A token of a key: claims replace the usual ones, one that is undefined is
# left out.  header and text replace the whole of it, key is a hash as above.

sub token {
    my ($key, %o) = @_;

    my $now = time();
    my %claims = (sub => 'ann', iat => $now, exp => $now + 600,
        %{$o{claims} || {}});

    delete @claims{grep { !defined $claims{$_} } keys %claims};

    my $header = defined $o{header} ? $o{header}
        : $json->encode({ alg => $key->{alg}, kid => $key->{kid},
                          typ => 'JWT' });
    my $text = defined $o{text} ? $o{text} : $json->encode(\%claims);

    return token_parts($key, $header, $text);
}


# The same of a header and claims as texts.

sub token_parts {
    my ($key, $header, $text) = @_;

    my $signed = b64url($header) . '.' . b64url($text);

    return "$signed." . b64url($hmac{$key->{alg}}->($signed, $key->{secret}));
}


1;
