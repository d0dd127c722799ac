/* names.json: a template for the names of each type that arrives, and of each file that the gateway writes. */
#include "formats/profile/profile_parts.h"

#include <glib.h>
#include <string.h>

/* The report without columns: a page (report.c). */
#define PAGE "MGMT-PAGE"

/* Answers to files whose names are outside the grammars, and to all types without an entry of their own. */
#define UNKNOWN "unknown"
#define OTHERS "*"

/* The templates that were found, and the member that each of them is. */
struct found {
    struct profile_loading *loading;
    struct profile_node file, names, answers;
    GArray *templates; /* of struct names_template */
};

static bool is_answer(const char *code)
{
    const struct type_kind *kind = type_kind_of(code);

    return kind != NULL && kind->answers;
}

static const struct file_type *type_of(const struct found *f, const char *code)
{
    return profile_type(f->loading->profile, code, strlen(code));
}

static bool is_report(const char *ref)
{
    size_t i = 0;

    while (i < n_report_records && strcmp(report_records[i].ref, ref) != 0)
        i++;
    return i < n_report_records || strcmp(ref, PAGE) == 0;
}

static void add(struct found *f, const struct profile_node *object, const char *member, struct names_template from)
{
    from.text = profile_text(object, member, PROFILE_NEEDED);
    if (from.text == NULL)
        return;
    from.code = profile_keep(f->loading->profile, from.code);
    if (from.answered != NULL)
        from.answered = profile_keep(f->loading->profile, from.answered);
    g_array_append_val(f->templates, from);
}

static void load_name(struct found *f, const char *name)
{
    struct profile_node node;

    if (!profile_member(&f->names, name, JSON_STRING, PROFILE_NEEDED, &node))
        return;
    if (is_answer(name))
        profile_fault_at(&node, "%s answers other files; expected its names in \"answers\"", name);
    else if (type_of(f, name) != NULL)
        add(f, &f->names, name, (struct names_template){.use = NAMES_TYPE, .code = name});
    else if (is_report(name))
        add(f, &f->names, name, (struct names_template){.use = NAMES_REPORT, .code = name});
    else
        profile_fault_at(&node, "there is no type or report %s", name);
}

static void load_answers_of(struct found *f, const char *code)
{
    struct profile_node answers, node;
    const char *name;
    json_t *value;

    if (!profile_member(&f->answers, code, JSON_OBJECT, PROFILE_NEEDED, &answers))
        return;
    if (!is_answer(code)) {
        profile_fault_at(&answers, "expected EMA, EMD or EMO, found \"%s\"", code);
        return;
    }
    json_object_foreach(answers.value, name, value)
    {
        bool unknown = strcmp(name, UNKNOWN) == 0, others = strcmp(name, OTHERS) == 0;
        const struct file_type *answered = type_of(f, name);
        const struct type_kind *kind = type_kind_of(code);
        if (!profile_member(&answers, name, JSON_STRING, PROFILE_NEEDED, &node))
            continue;
        if (!unknown && !others && (answered == NULL || !answered->inbound))
            profile_fault_at(&node,
                             "expected the code of a type that arrives, \"" OTHERS "\" for all others, or \"" UNKNOWN
                             "\" for names outside the grammars; found \"%s\"",
                             name);
        else if (!others && !type_kind_answers(kind, unknown ? "" : name))
            profile_fault_at(&node, "%s answers %s alone: no such name is ever given; delete the line", code,
                             kind->answered);
        else
            add(f, &answers, name,
                (struct names_template){.use = unknown ? NAMES_UNKNOWN : NAMES_ANSWER,
                                        .code = code,
                                        .answered = unknown || others ? NULL : name});
    }
}

/* ---- faults ---- */

/* Of a template: at the member that it is. */
static void on_fault(void *user, size_t index, size_t position, const char *text)
{
    const struct found *f = user;
    const struct names_template *from = &g_array_index(f->templates, struct names_template, index);
    bool answer = from->use == NAMES_ANSWER || from->use == NAMES_UNKNOWN;
    const char *name = from->use == NAMES_UNKNOWN ? UNKNOWN
                       : !answer                  ? from->code
                       : from->answered != NULL   ? from->answered
                                                  : OTHERS;
    struct profile_node answers, node;

    if (!answer && !profile_member(&f->names, name, JSON_STRING, PROFILE_NEEDED, &node))
        return;
    if (answer && (!profile_member(&f->answers, from->code, JSON_OBJECT, PROFILE_NEEDED, &answers) ||
                   !profile_member(&answers, name, JSON_STRING, PROFILE_NEEDED, &node)))
        return;
    profile_fault_at(&node, "%s: character %zu: %s", name, position, text);
}

static bool has(const struct found *f, enum names_use use, const char *code, const char *answered)
{
    for (guint i = 0; i < f->templates->len; i++) {
        const struct names_template *from = &g_array_index(f->templates, struct names_template, i);
        if (from->use == use && strcmp(from->code, code) == 0 &&
            (from->answered == NULL || g_strcmp0(from->answered, answered) == 0))
            return true;
    }
    return false;
}

/* Each file that may come or go needs a name. */
static void check_all_named(const struct found *f)
{
    const struct profile *profile = f->loading->profile;

    for (size_t i = 0; i < profile->n_types; i++) {
        const struct file_type *type = &profile->types[i];
        if (!is_answer(type->code) && !has(f, NAMES_TYPE, type->code, NULL))
            profile_fault_at(&f->names, "expected the names of %s", type->code);
        if (type->inbound && !has(f, NAMES_ANSWER, "EMA", type->code))
            profile_fault_at(&f->answers, "expected the names of EMA for %s, or for \"" OTHERS "\"", type->code);
    }
    for (size_t i = 0; i < n_report_records; i++)
        if (!has(f, NAMES_REPORT, report_records[i].ref, NULL))
            profile_fault_at(&f->names, "expected the names of %s", report_records[i].ref);
    if (!has(f, NAMES_REPORT, PAGE, NULL))
        profile_fault_at(&f->names, "expected the names of " PAGE);
    if (!has(f, NAMES_UNKNOWN, "EMA", NULL))
        profile_fault_at(&f->answers, "expected the names of EMA for \"" UNKNOWN "\"");
    for (size_t i = 0; i < n_type_kinds; i++) {
        const struct type_kind *kind = &type_kinds[i];
        if (kind->answered != NULL && !has(f, NAMES_ANSWER, kind->code, kind->answered))
            profile_fault_at(&f->answers, "expected the names of %s for %s", kind->code, kind->answered);
    }
}

void profile_load_names(struct profile_loading *loading)
{
    struct names *names = profile_room(loading->profile, 1, sizeof *names);
    struct found f = {.loading = loading};
    size_t before = loading->n_faults;
    const char *name;
    json_t *value;

    loading->profile->names = names;
    if (!profile_file_needed(loading, "names.json", &f.file))
        return;
    profile_members_are(&f.file, "names", "answers", NULL);
    if (!profile_member(&f.file, "names", JSON_OBJECT, PROFILE_NEEDED, &f.names) ||
        !profile_member(&f.file, "answers", JSON_OBJECT, PROFILE_NEEDED, &f.answers))
        return;
    f.templates = g_array_new(FALSE, FALSE, sizeof(struct names_template));
    json_object_foreach(f.names.value, name, value) load_name(&f, name);
    json_object_foreach(f.answers.value, name, value) load_answers_of(&f, name);
    if (!loading->sound)
        check_all_named(&f);
    const struct names_table table = {f.templates->len, (const struct names_template *)(void *)f.templates->data,
                                      loading->sound};
    if (loading->profile->types != NULL && !names_compile(loading->profile, &table, names, on_fault, &f))
        g_assert(loading->n_faults > before);
    g_array_free(f.templates, TRUE);
}
