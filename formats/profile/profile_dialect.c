/*
 * Dialects of CSV: the member "dialect" of profile.json, of a type's row record and of a report. The names are those of
 * Frictionless CSV Dialect, and "frame" and "trailer" beside them. What a dialect does not say it has from the one
 * above it.
 */
#include "formats/csv/csv_cell.h"
#include "formats/profile/profile_parts.h"

#include <glib.h>
#include <string.h>

/* The text of a member; NULL: it is not there. Unlike profile_text it may be a control character. */
static const char *text_of(const struct profile_node *dialect, const char *name, struct profile_node *member)
{
    return profile_member(dialect, name, JSON_STRING, PROFILE_OPTIONAL, member) ? json_string_value(member->value)
                                                                                : NULL;
}

static void load_delimiter(const struct profile_node *node, struct dialect *dialect)
{
    struct profile_node member;
    const char *text = text_of(node, "delimiter", &member);
    const struct csv_separator *separator = text != NULL && strlen(text) == 1 ? csv_separator(*text) : NULL;

    if (separator != NULL && separator->in_dialects)
        dialect->delimiter = *text;
    else if (text != NULL)
        profile_fault_at(&member, "delimiter: expected one of ',', ';', '|', '^', '~' and a tab");
}

static void load_quote(const struct profile_node *node, struct dialect *dialect)
{
    struct profile_node member;
    const char *text = text_of(node, "quoteChar", &member);

    if (text != NULL && (strcmp(text, "\"") == 0 || strcmp(text, "'") == 0))
        dialect->quote = *text;
    else if (text != NULL)
        profile_fault_at(&member, "quoteChar: expected '\"' or \"'\"");
}

static void load_line_end(const struct profile_node *node, struct dialect *dialect)
{
    struct profile_node member;
    const char *text = text_of(node, "lineTerminator", &member);

    if (text == NULL)
        return;
    if (strcmp(text, "\r\n") == 0)
        dialect->line_end = "\r\n";
    else if (strcmp(text, "\n") == 0)
        dialect->line_end = "\n";
    else
        profile_fault_at(&member, "lineTerminator: expected CRLF or LF");
}

static void load_frame(const struct profile_node *node, struct dialect *dialect, bool *given)
{
    struct profile_node member;
    const char *text = text_of(node, "frame", &member);

    *given = text != NULL;
    for (enum frame frame = FRAME_RECORDS; text != NULL && frame <= FRAME_ROWS; frame++)
        if (strcmp(layout_frame_name(frame), text) == 0) {
            dialect->frame = frame;
            return;
        }
    if (text != NULL)
        profile_fault_at(&member, "frame: expected records, title or rows, found \"%s\"", text);
}

/* "header" says the same as the frame, in the words of Frictionless: whether there is a title row. */
static void load_header(const struct profile_node *node, struct dialect *dialect, bool frame_given)
{
    struct profile_node member;
    bool title;

    if (!profile_member(node, "header", JSON_TRUE, PROFILE_OPTIONAL, &member))
        return;
    title = json_is_true(member.value);
    if (!frame_given && title)
        dialect->frame = FRAME_TITLE;
    else if (!frame_given && dialect->frame == FRAME_TITLE)
        dialect->frame = FRAME_ROWS;
    else if (title != (dialect->frame == FRAME_TITLE))
        profile_fault_at(&member, "header: true goes with the frame title, false with records and rows");
}

/* Whether a T record ends the file. */
static void load_trailer(const struct profile_node *node, struct dialect *dialect)
{
    struct profile_node member;

    if (!profile_member(node, "trailer", JSON_TRUE, PROFILE_OPTIONAL, &member))
        return;
    dialect->trailer = json_is_true(member.value);
    if (dialect->trailer && dialect->frame != FRAME_RECORDS)
        profile_fault_at(&member, "trailer: only the frame records has such a record");
}

/* What is the same in all dialects that there are, and may be said. */
static void check_constant(const struct profile_node *node, const char *name, bool value)
{
    struct profile_node member;

    if (profile_member(node, name, JSON_TRUE, PROFILE_OPTIONAL, &member) && json_is_true(member.value) != value)
        profile_fault_at(&member, "%s: expected %s", name, value ? "true" : "false");
}

const struct dialect *profile_load_dialect(const struct profile_node *object, const struct dialect *above)
{
    struct profile_node node;
    struct dialect *dialect;
    bool frame_given;

    if (!profile_member(object, "dialect", JSON_OBJECT, PROFILE_OPTIONAL, &node))
        return above;
    profile_members_are(&node, "delimiter", "quoteChar", "lineTerminator", "header", "frame", "trailer", "doubleQuote",
                        "skipInitialSpace", "caseSensitiveHeader", NULL);
    dialect = profile_room(object->loading->profile, 1, sizeof *dialect);
    *dialect = *above;
    load_delimiter(&node, dialect);
    load_quote(&node, dialect);
    load_line_end(&node, dialect);
    load_frame(&node, dialect, &frame_given);
    load_header(&node, dialect, frame_given);
    load_trailer(&node, dialect);
    check_constant(&node, "doubleQuote", true);
    check_constant(&node, "skipInitialSpace", false);
    check_constant(&node, "caseSensitiveHeader", true);
    return dialect;
}
