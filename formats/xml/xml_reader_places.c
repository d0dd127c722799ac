/*
 * Line and column of what the parser reports. libxml2 knows its own position only, which is after the thing reported.
 * So the window is searched backwards for the tag, and lines and columns are counted on from the last known place
 * (mark), each byte once. For the tags of a good file the parser's position is enough (xml_place_of_tag).
 */
#include "formats/text.h"
#include "formats/xml/xml_reader_private.h"

#include <string.h>

struct place xml_place_at(struct xml *x, size_t index)
{
    const char *p = x->window + x->mark, *end, *nl;

    index = MIN(index, x->filled);
    if (index <= x->mark)
        return x->mark_at;
    end = x->window + index;
    for (; (nl = memchr(p, '\n', (size_t)(end - p))); p = nl + 1)
        x->mark_at = (struct place){x->mark_at.line + 1, 1};
    x->mark_at.column += (uint32_t)text_characters(p, (size_t)(end - p));
    x->mark = index;
    return x->mark_at;
}

size_t xml_consumed(const struct xml *x)
{
    size_t offset = xml_parser_consumed(x->parser);

    return offset > x->window_at ? MIN(offset - x->window_at, x->fed) : 0;
}

/* Index of the last '<' before end, 0 if there is none: of a tag, since attribute values cannot hold one. */
static size_t last_opening(const struct xml *x, size_t end)
{
    for (size_t i = end; i > 0; i--)
        if (x->window[i - 1] == '<')
            return i - 1;
    return 0;
}

size_t xml_tag_index(const struct xml *x)
{
    return last_opening(x, xml_consumed(x));
}

/* Index after the tag, comment, instruction or CDATA section at i: the text begins there. i where it has no end. */
static size_t markup_end(const struct xml *x, size_t i, size_t end)
{
    const char *p = x->window + i, *stop = x->window + end, *close = NULL;
    char quote = '\0';

    if (stop - p >= 4 && memcmp(p, "<!--", 4) == 0)
        close = g_strstr_len(p + 4, stop - p - 4, "-->");
    else if (stop - p >= 2 && (p[1] == '!' || p[1] == '?'))
        close = g_strstr_len(p, stop - p, p[1] == '!' ? "]]>" : "?>");
    if (close)
        return (size_t)(strchr(close, '>') + 1 - x->window);
    for (; p < stop; p++) { /* a tag: '>' ends it, but not within an attribute's value */
        if (quote ? *p == quote : *p == '"' || *p == '\'')
            quote = quote ? '\0' : *p;
        else if (!quote && *p == '>')
            return (size_t)(p + 1 - x->window);
    }
    return i;
}

/* The parser reports plain text from its buffer, so that the place follows from the address. Text that it had to decode
 * (characters, references) is a copy, and since 2.14 a CDATA section too. Then it is the first character after the
 * last tag, or within the section that has just ended, that is not blank. Searching for '>' would not do, for that may
 * stand in text. */
struct place xml_place_of_text(struct xml *x, const char *text)
{
    static const char section[] = "<![CDATA[";
    size_t end = xml_consumed(x), i, behind;
    ptrdiff_t ahead;

    if (xml_parser_holds(x->parser, text, &ahead))
        return xml_place_at(x, (size_t)((ptrdiff_t)end + ahead));
    i = last_opening(x, end);
    if (i < end && x->window[i] == '<') {
        behind = markup_end(x, i, end);
        i = behind == end && strncmp(x->window + i, section, strlen(section)) == 0 ? i + strlen(section) : behind;
    }
    while (i < end && xml_is_blank(x->window[i]))
        i++;
    return xml_place_at(x, i);
}
