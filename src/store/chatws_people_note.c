
/*
 * Copyright (C) chatws contributors
 *
 * A place as it is to be told.
 */


#include "store/chatws_people_store.h"


void
chatws_people_note(chatws_people_t *tb, uint32_t place,
    chatws_people_note_t *note)
{
    chatws_place_t   *p;
    chatws_person_t  *person;

    p = chatws_people_place(tb, place);
    person = chatws_people_person(tb, p->person);

    note->hash = person->hash;
    note->read = p->read_public;
    note->delivered = p->delivered;
    note->state = chatws_people_shown(tb, place, &note->since);
    note->flags = p->row.flags;
    note->len = (uint32_t) chatws_people_id(tb, p->person, note->id);
    note->invisible = (person->row.flags & CHATWS_PERSON_INVISIBLE) != 0;
}
