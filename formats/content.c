/* Recognises content by its first bytes. HTML needs more than a magic number: declarations, comments and a document
 * type may stand before its first element, in upper or lower case. */
#include "formats/content.h"

#include <glib.h>
#include <stdbool.h>
#include <string.h>

/* At most four bytes: so many the reader waits for where no '<' stands first. */
static const struct {
    const char *magic, *name;
} kinds[] = {
    {"\x1f\x8b", "gzip data"},
    {"PK\3\4", "a zip archive"},
    {"PK\5\6", "a zip archive"},
    {"BZh", "bzip2 data"},
    {"\xfd"
     "7zX",
     "xz data"},
    {"%PDF", "a PDF document"},
    {"\xd0\xcf\x11\xe0", "a workbook of a spreadsheet (.xls)"},
    {"{", "JSON"},
    {"H,", "CSV"},
    {"D,", "CSV"},
    {"\"H\"", "CSV"},
};

static size_t skip_blanks(const char *s, size_t len, size_t i)
{
    while (i < len && strchr(" \t\r\n", s[i]) && s[i] != '\0')
        i++;
    return i;
}

/* True where the word stands at i, in either case, and no name goes on behind it. */
static bool is_word(const char *s, size_t len, size_t i, const char *word)
{
    size_t n = strlen(word);

    return len - i > n && g_ascii_strncasecmp(s + i, word, n) == 0 && !g_ascii_isalnum(s[i + n]) &&
           !strchr("-_.:", s[i + n]);
}

/* Offset behind the comment or instruction at i and the blanks after it; i if there is none that ends within len. */
static size_t skip_prologue(const char *s, size_t len, size_t i)
{
    bool comment = len - i >= 4 && memcmp(s + i, "<!--", 4) == 0;
    bool instruction = len - i >= 2 && memcmp(s + i, "<?", 2) == 0;
    const char *end = comment       ? g_strstr_len(s + i + 4, (gssize)(len - i - 4), "-->")
                      : instruction ? g_strstr_len(s + i, (gssize)(len - i), "?>")
                                    : NULL;

    return end ? skip_blanks(s, len, (size_t)(end - s) + (comment ? 3 : 2)) : i;
}

static bool is_html(const char *s, size_t len, size_t i)
{
    static const char *const words[] = {"<html", "<head", "<body", "<title"};
    size_t next;

    while ((next = skip_prologue(s, len, i)) > i)
        i = next;
    if (is_word(s, len, i, "<!doctype"))
        return is_word(s, len, skip_blanks(s, len, i + strlen("<!doctype")), "html");
    for (size_t k = 0; k < G_N_ELEMENTS(words); k++)
        if (is_word(s, len, i, words[k]))
            return true;
    return false;
}

const char *content_name(const char *s, size_t len)
{
    size_t begin = skip_blanks(s, len, len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);

    if (begin < len && s[begin] == '<')
        return is_html(s, len, begin) ? "a page of HTML" : "XML";
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
        if (len - begin >= strlen(kinds[i].magic) && memcmp(s + begin, kinds[i].magic, strlen(kinds[i].magic)) == 0)
            return kinds[i].name;
    return NULL;
}
