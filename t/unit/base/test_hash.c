
/*
 * Copyright (C) chatws contributors
 *
 * SipHash-2-4: the vectors of its authors, key and input 0, 1, 2, ...
 */


#include "tap.h"

#include "base/chatws_hash.c"


int
main(void)
{
    size_t           i;
    uint8_t          in[16], key[16];

    static const struct {
        size_t    len;
        uint64_t  hash;
    } v[] = {
        { 0, 0x726fdb47dd0e0e31 },
        { 1, 0x74f839c593dc67fd },
        { 2, 0x0d6c8009d9a94f5a },
        { 3, 0x85676696d7fb7e2d },
        { 15, 0xa129ca6149be45e5 }
    };

    for (i = 0; i < 16; i++) {
        key[i] = (uint8_t) i;
        in[i] = (uint8_t) i;
    }

    for (i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
        ok(chatws_hash(key, in, v[i].len) == v[i].hash, "%zu bytes", v[i].len);
    }

    ok(chatws_hash(key, in, 8) != chatws_hash(key, in, 7),
       "another length, another hash");

    return done();
}
