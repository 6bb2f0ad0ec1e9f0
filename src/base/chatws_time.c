
/*
 * Copyright (C) chatws contributors
 *
 * Timestamps of the protocol: RFC 3339, in UTC, with milliseconds.
 */


#include "base/chatws_decimal.h"
#include "base/chatws_time.h"


#define CHATWS_TIME_LAST  253402300799999ULL  /* 9999-12-31T23:59:59.999Z */


void
chatws_time_format(uint8_t out[CHATWS_TIME_LEN], uint64_t ms)
{
    uint32_t  century, day, days, month, sec, year;

    if (ms > CHATWS_TIME_LAST) {
        ms = CHATWS_TIME_LAST;
    }

    chatws_decimal_padded(out + 20, 3, ms % 1000);

    sec = ms / 1000 % 86400;

    /*
     * The days are counted from 0000-03-01 of the Gregorian calendar.  Then a
     * leap day is the last day of a year, of 4 years, and of 400 years.
     */

    days = ms / 86400000 + 719468;

    year = days / 146097 * 400;
    days %= 146097;

    century = days / 36524;
    century -= century / 4;
    year += century * 100;
    days -= century * 36524;

    year += days / 1461 * 4;
    days %= 1461;

    month = days / 365;
    month -= month / 4;
    year += month;
    days -= month * 365;

    /* from March on, any five months have 153 days */

    month = (5 * days + 2) / 153;
    day = days - (153 * month + 2) / 5 + 1;

    if (month < 10) {
        month += 3;

    } else {
        month -= 9;
        year++;
    }

    chatws_decimal_padded(out, 4, year);
    out[4] = '-';
    chatws_decimal_padded(out + 5, 2, month);
    out[7] = '-';
    chatws_decimal_padded(out + 8, 2, day);
    out[10] = 'T';
    chatws_decimal_padded(out + 11, 2, sec / 3600);
    out[13] = ':';
    chatws_decimal_padded(out + 14, 2, sec / 60 % 60);
    out[16] = ':';
    chatws_decimal_padded(out + 17, 2, sec % 60);
    out[19] = '.';
    out[23] = 'Z';
}
