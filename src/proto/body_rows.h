#pragma once

/* How the tables of bodies are written (bodies.c and the bodies_*.c of the nouns). */

#include "proto/body.h"

/* R required, N nullable, T trimmed. */
enum {
    R = FIELD_REQUIRED,
    N = FIELD_NULLABLE,
    RT = FIELD_REQUIRED | FIELD_TRIM,
    NT = FIELD_NULLABLE | FIELD_TRIM
};

/* clang-format off */
#define AT(body, member) .offset = offsetof(struct body, member)
#define STR(key, body, member, rule, least, most)                                                  \
    {.name = key, .type = FIELD_STRING, .flags = rule, .min = least, .max = most,                  \
     .present = BIT_UNUSED, AT(body, member)}
#define INT(key, body, member, rule, least, most, bit)                                             \
    {.name = key, .type = FIELD_INTEGER, .flags = rule, .min = least, .max = most,                 \
     .present = bit, AT(body, member)}
#define BOOL(key, body, member, rule, bit)                                                         \
    {.name = key, .type = FIELD_BOOL, .flags = rule, .present = bit, AT(body, member)}
#define ID(key, body, member, rule)                                                                \
    {.name = key, .type = FIELD_SNOWFLAKE, .flags = rule, .present = BIT_UNUSED, AT(body, member)}
#define BITS(key, body, member, rule)                                                              \
    {.name = key, .type = FIELD_BITS, .flags = rule, .present = BIT_UNUSED, AT(body, member)}
#define ENUM(key, body, member, rule, list)                                                        \
    {.name = key, .type = FIELD_ENUM, .flags = rule, .choices = list, .present = BIT_UNUSED,       \
     AT(body, member)}
#define ARRAY(key, body, member, rule, most, item)                                                 \
    {.name = key, .type = FIELD_ARRAY, .flags = rule, .max = most, .shape = item,                  \
     .present = BIT_UNUSED, AT(body, member)}
#define OBJECT(key, body, member, rule, inner, bit)                                                \
    {.name = key, .type = FIELD_OBJECT, .flags = rule, .shape = inner, .present = bit,             \
     AT(body, member)}
#define TIME(key, body, member, rule)                                                              \
    {.name = key, .type = FIELD_TIME, .flags = rule, .present = BIT_UNUSED, AT(body, member)}
/* Of PATCH bodies: with the bit that says whether the field was sent, and whether as null. */
#define STR_P(key, body, member, rule, least, most, bit)                                           \
    {.name = key, .type = FIELD_STRING, .flags = rule, .min = least, .max = most,                  \
     .present = bit, AT(body, member)}
#define ID_P(key, body, member, rule, bit)                                                         \
    {.name = key, .type = FIELD_SNOWFLAKE, .flags = rule, .present = bit, AT(body, member)}
#define BITS_P(key, body, member, rule, bit)                                                       \
    {.name = key, .type = FIELD_BITS, .flags = rule, .present = bit, AT(body, member)}
#define ENUM_P(key, body, member, rule, list, bit)                                                 \
    {.name = key, .type = FIELD_ENUM, .flags = rule, .choices = list, .present = bit,              \
     AT(body, member)}
#define ARRAY_P(key, body, member, rule, most, item, bit)                                          \
    {.name = key, .type = FIELD_ARRAY, .flags = rule, .max = most, .shape = item, .present = bit,  \
     AT(body, member)}
#define TIME_P(key, body, member, rule, bit)                                                       \
    {.name = key, .type = FIELD_TIME, .flags = rule, .present = bit, AT(body, member)}
#define REAL_P(key, body, member, rule, least, most, bit)                                          \
    {.name = key, .type = FIELD_NUMBER, .flags = rule, .min = least, .max = most,                  \
     .present = bit, AT(body, member)}
/* A data URI; its own limits are core/media.h's. */
#define IMAGE(key, body, member, rule, bit)                                                        \
    {.name = key, .type = FIELD_STRING, .flags = (rule) | FIELD_IMAGE, .present = bit,             \
     AT(body, member)}
/* Of forms. */
#define FILE_PART(key, body, member)                                                               \
    {.name = key, .type = FIELD_FILE, .flags = R, .present = BIT_UNUSED, AT(body, member)}
#define LATER(key) {.name = key, .type = FIELD_LATER, .present = BIT_UNUSED}
#define IGNORED(key) {.name = key, .type = FIELD_IGNORED, .present = BIT_UNUSED}
#define SHAPE(label, rows, body)                                                                   \
    {.name = label, .fields = rows, .field_count = sizeof(rows) / sizeof *(rows),                  \
     .size = sizeof(struct body)}

/* clang-format on */

/* Where fields that nobody asks about leave their mark. */
enum { BIT_UNUSED = 63 };
