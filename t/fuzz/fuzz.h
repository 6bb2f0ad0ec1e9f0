
/*
 * Copyright (C) chatws contributors
 *
 * What fuzz targets share.
 */


#ifndef _CHATWS_FUZZ_H_INCLUDED_
#define _CHATWS_FUZZ_H_INCLUDED_


#include <stdint.h>
#include <stdlib.h>
#include <string.h>


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
static void check(int pass);


static void
check(int pass)
{
    if (!pass) {
        abort();
    }
}


#endif /* _CHATWS_FUZZ_H_INCLUDED_ */
