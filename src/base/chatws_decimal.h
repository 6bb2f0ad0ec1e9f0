
/*
 * Copyright (C) chatws contributors
 *
 * Numbers in decimal digits.
 */


#ifndef _CHATWS_DECIMAL_H_INCLUDED_
#define _CHATWS_DECIMAL_H_INCLUDED_


#include "base/chatws_core.h"


#define CHATWS_DECIMAL_MAX  20     /* digits of 2^64 - 1 */


/*
 * Writes the number without leading zeroes, 0 as one digit, and without a
 * closing zero byte.  Returns how many digits it has, 1 to CHATWS_DECIMAL_MAX.
 */
size_t chatws_decimal(uint8_t out[CHATWS_DECIMAL_MAX], uint64_t number);

/*
 * Writes the last n digits of the number, with leading zeroes where it has
 * fewer of them, and without a closing zero byte.
 */
void chatws_decimal_padded(uint8_t *out, unsigned n, uint64_t number);


#endif /* _CHATWS_DECIMAL_H_INCLUDED_ */
