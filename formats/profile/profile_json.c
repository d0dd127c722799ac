/*
 * jansson says the line of a text that is no JSON, but not where a value stands. So the line of a fault is searched in
 * the text, by the way that leads to the node. Only faults pay for it, and the text is known to be JSON by then.
 */
#include "formats/profile/profile_json.h"

#include "formats/nearest.h"
#include "formats/text.h"

#include <glib.h>
#include <string.h>

/* A JSON file that has been read. */
struct profile_document {
    struct profile_document *next;
    const struct profile_file *file;
    json_t *value; /* NULL: it has given a fault */
};

/* ---- where a value stands ---- */

static const char *skip_blanks(const char *p)
{
    return p + strspn(p, " \t\r\n");
}

/* p: at a quote. Behind the closing one. */
static const char *skip_string(const char *p)
{
    for (p++; *p != '"' && *p != '\0'; p++)
        if (*p == '\\' && p[1] != '\0')
            p++;
    return *p != '\0' ? p + 1 : p;
}

/* Behind the value that begins at p. */
static const char *skip_value(const char *p)
{
    int depth = 0;

    if (*p == '"')
        return skip_string(p);
    for (; *p != '\0'; p++) {
        if (*p == '"') {
            p = skip_string(p) - 1;
            continue;
        }
        if (depth == 0 && strchr(",]} \t\r\n", *p) != NULL)
            return p;
        depth += *p == '{' || *p == '[' ? 1 : *p == '}' || *p == ']' ? -1 : 0;
        if (depth == 0 && (*p == '}' || *p == ']'))
            return p + 1;
    }
    return p;
}

/* Whether the JSON string from begin to end, quotes included, is that text. */
static bool is_text(const char *begin, const char *end, const char *text)
{
    size_t len = (size_t)(end - begin) - 2;

    if (memchr(begin, '\\', (size_t)(end - begin)) == NULL)
        return strlen(text) == len && memcmp(begin + 1, text, len) == 0;
    json_t *string = json_loadb(begin, (size_t)(end - begin), JSON_DECODE_ANY, NULL);
    bool same = string != NULL && g_strcmp0(json_string_value(string), text) == 0;

    json_decref(string);
    return same;
}

/* p: at the '{' of an object. *value: where the member's value begins. The member's name; NULL: there is none. */
static const char *find_member(const char *p, const char *name, const char **value)
{
    for (p = skip_blanks(p + 1); *p == '"'; p = skip_blanks(p + 1)) {
        const char *key = p;

        p = skip_string(p);
        bool found = is_text(key, p, name);
        p = skip_blanks(skip_blanks(p) + 1); /* the colon */
        *value = p;
        if (found)
            return key;
        p = skip_blanks(skip_value(p));
        if (*p != ',')
            break;
    }
    return NULL;
}

/* p: at the '[' of an array. Where its item begins. */
static const char *find_item(const char *p, size_t item)
{
    for (p = skip_blanks(p + 1); item > 0 && *p != ']' && *p != '\0'; item--) {
        p = skip_blanks(skip_value(p));
        if (*p == ',')
            p = skip_blanks(p + 1);
    }
    return p;
}

/* Where the node's value begins. *shown: what a fault shows, the name of a member. */
static const char *find_node(const struct profile_node *node, const char **shown)
{
    const char *value = node->file->text;

    *shown = value;
    if (node->above == NULL)
        return *shown = skip_blanks(value);
    const char *above = find_node(node->above, shown);
    if (node->member == NULL)
        return *shown = find_item(above, node->item);
    const char *key = find_member(above, node->member, &value);
    if (key == NULL)
        return above; /* a member that is missing: the object is shown */
    *shown = key;
    return value;
}

unsigned profile_node_line(const struct profile_node *node)
{
    const char *shown;
    unsigned line = 1;

    find_node(node, &shown);
    for (const char *p = node->file->text; p < shown; p++)
        line += *p == '\n';
    return line;
}

/* ---- faults ---- */

/* A text may hold any name of a file that nobody has looked at: it goes to a terminal. */
static void tell(struct profile_loading *loading, const char *file, unsigned line, const char *text)
{
    g_autofree char *shown = text_escape(text, strlen(text), 0);
    const struct profile_fault fault = {.file = file, .line = line, .text = shown};

    if (loading->n_faults++ < PROFILE_MAX_FAULTS)
        loading->on_fault(loading->user, &fault);
}

void profile_fault_at(const struct profile_node *at, const char *format, ...)
{
    bool told = at->loading->n_faults < PROFILE_MAX_FAULTS; /* else the search of its line is not worth its time */
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    tell(at->loading, at->file->name, told ? profile_node_line(at) : 0, text);
}

void profile_fault_of(struct profile_loading *loading, const char *file, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    tell(loading, file, 0, text);
}

/* ---- files ---- */

static bool too_deep(const json_t *value, int left)
{
    const char *name;
    json_t *below;
    size_t i;

    if (left == 0)
        return json_is_object(value) || json_is_array(value);
    json_object_foreach((json_t *)value, name, below) if (too_deep(below, left - 1)) return true;
    json_array_foreach(value, i, below) if (too_deep(below, left - 1)) return true;
    return false;
}

/* The line of a text that is no JSON; jansson's is that of the end of what it could not read. */
static json_t *parse(struct profile_loading *loading, const struct profile_file *file)
{
    json_error_t error;
    json_t *value;

    if (g_str_has_prefix(file->text, "\xEF\xBB\xBF")) {
        tell(loading, file->name, 1, "begins with a byte order mark; save it as UTF-8 without one");
        return NULL;
    }
    value = json_loadb(file->lean != NULL ? file->lean : file->text, file->lean != NULL ? file->lean_len : file->len,
                       JSON_REJECT_DUPLICATES, &error);
    if (value == NULL) {
        tell(loading, file->name, error.line > 0 ? (unsigned)error.line : 1, error.text);
        return NULL;
    }
    if (!json_is_object(value))
        tell(loading, file->name, 1, "expected an object, '{'");
    else if (too_deep(value, PROFILE_MAX_NESTING))
        profile_fault_of(loading, file->name, "has objects and arrays in more than %d levels", PROFILE_MAX_NESTING);
    else
        return value;
    json_decref(value);
    return NULL;
}

bool profile_file_is_there(struct profile_loading *loading, const char *name)
{
    return profile_files_find(loading->files, name) != NULL;
}

/* Two parts may ask for one file: it is read once. */
static json_t *read_once(struct profile_loading *loading, const struct profile_file *file)
{
    struct profile_document *document = loading->documents;

    while (document != NULL && document->file != file)
        document = document->next;
    if (document == NULL) {
        document = g_new(struct profile_document, 1);
        *document = (struct profile_document){loading->documents, file, parse(loading, file)};
        loading->documents = document;
    }
    return document->value;
}

bool profile_file_open(struct profile_loading *loading, const char *name, struct profile_node *node)
{
    const struct profile_file *file = profile_files_find(loading->files, name);

    *node = (struct profile_node){
        .loading = loading, .file = file, .value = file != NULL ? read_once(loading, file) : NULL};
    return node->value != NULL;
}

bool profile_file_needed(struct profile_loading *loading, const char *name, struct profile_node *file)
{
    if (profile_file_is_there(loading, name))
        return profile_file_open(loading, name, file);
    if (!profile_files_refused(loading->files, name))
        profile_fault_of(loading, name, "is missing");
    return false;
}

void profile_documents_free(struct profile_loading *loading)
{
    while (loading->documents != NULL) {
        struct profile_document *document = loading->documents;
        loading->documents = document->next;
        json_decref(document->value);
        g_free(document);
    }
}

/* ---- values ---- */

static const char *type_name(json_type type)
{
    switch (type) {
    case JSON_OBJECT:
        return "an object, {…}";
    case JSON_ARRAY:
        return "an array, […]";
    case JSON_STRING:
        return "a text, \"…\"";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "true or false";
    case JSON_NULL:
        break;
    }
    return "null";
}

static bool has_type(const struct profile_node *node, json_type type)
{
    json_type found = json_typeof(node->value);

    if (found == type || (type == JSON_TRUE && found == JSON_FALSE))
        return true;
    if (node->member != NULL)
        profile_fault_at(node, "%s: expected %s, found %s", node->member, type_name(type), type_name(found));
    else
        profile_fault_at(node, "expected %s, found %s", type_name(type), type_name(found));
    return false;
}

bool profile_member(const struct profile_node *object, const char *name, json_type type, enum profile_need need,
                    struct profile_node *member)
{
    *member = (struct profile_node){.loading = object->loading,
                                    .file = object->file,
                                    .above = object,
                                    .member = name,
                                    .value = json_object_get(object->value, name)};
    if (member->value == NULL && need == PROFILE_NEEDED)
        profile_fault_at(object, "the member \"%s\" is missing", name);
    if (member->value == NULL || (json_is_null(member->value) && need == PROFILE_OPTIONAL))
        return false;
    return has_type(member, type);
}

bool profile_item(const struct profile_node *array, size_t i, json_type type, struct profile_node *item)
{
    *item = (struct profile_node){.loading = array->loading,
                                  .file = array->file,
                                  .above = array,
                                  .item = i,
                                  .value = json_array_get(array->value, i)};
    return has_type(item, type);
}

static const char *text_of_node(const struct profile_node *node, bool blanks_at_ends)
{
    const char *text = json_string_value(node->value), *what = node->member != NULL ? node->member : "a text";

    if (*text == '\0')
        profile_fault_at(node, "%s: expected a text, found an empty one", what);
    else if (!text_is_printable(text, strlen(text)))
        profile_fault_at(node, "%s: the text has control characters", what);
    else if (!blanks_at_ends && (*text == ' ' || text[strlen(text) - 1] == ' '))
        profile_fault_at(node, "%s: expected a text without blanks at its ends, found \"%s\"", what, text);
    else if (strlen(text) > PROFILE_MAX_TEXT_BYTES)
        profile_fault_at(node, "%s: expected at most %d bytes, found %zu", what, PROFILE_MAX_TEXT_BYTES, strlen(text));
    else
        return profile_keep(node->loading->profile, text);
    return NULL;
}

const char *profile_node_text(const struct profile_node *node)
{
    return text_of_node(node, false);
}

const char *profile_line(const struct profile_node *object, const char *name)
{
    struct profile_node member;

    return profile_member(object, name, JSON_STRING, PROFILE_OPTIONAL, &member) ? text_of_node(&member, true) : NULL;
}

void profile_check_shown(const struct profile_node *node)
{
    const char *text = json_string_value(node->value);

    for (size_t len; text != NULL && *text != '\0'; text += len + (text[len] != '\0')) {
        len = strcspn(text, "\t\r\n");
        if (text_is_printable(text, len))
            continue;
        profile_fault_at(node, "%s: the text has control characters", node->member != NULL ? node->member : "a text");
        return;
    }
}

const char *profile_text(const struct profile_node *object, const char *name, enum profile_need need)
{
    struct profile_node member;

    return profile_member(object, name, JSON_STRING, need, &member) ? profile_node_text(&member) : NULL;
}

static void unknown_member(const struct profile_node *object, const char *name, const char *const *names)
{
    struct nearest nearest = nearest_to(name);
    const struct profile_node member = {
        .loading = object->loading, .file = object->file, .above = object, .member = name};

    for (; *names != NULL; names++)
        nearest_try(&nearest, *names);
    if (nearest.word != NULL)
        profile_fault_at(&member, "unknown member \"%s\"; did you mean \"%s\"?", name, nearest.word);
    else
        profile_fault_at(&member, "unknown member \"%s\"", name);
}

void profile_members_are_of(const struct profile_node *object, const char *const *names)
{
    const char *name;
    json_t *value;

    json_object_foreach(object->value, name, value) if (!g_strv_contains(names, name))
        unknown_member(object, name, names);
}

void profile_members_are(const struct profile_node *object, ...)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    const char *name;
    va_list arguments;

    va_start(arguments, object);
    while ((name = va_arg(arguments, const char *)) != NULL)
        g_ptr_array_add(names, (char *)name);
    va_end(arguments);
    g_ptr_array_add(names, NULL);
    profile_members_are_of(object, (const char *const *)names->pdata);
}
