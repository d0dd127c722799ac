/*
 * The candidates are few (a list of one or two for each party that uses the drop), so they are tried one after the
 * other. What a profile says of a content is asked of its reader, so that no second parser has to know what the root of
 * an XML form or a header record looks like.
 */
#include "validators/profile_choice.h"

#include "formats/reading.h"

#include <glib.h>
#include <string.h>

enum { HEAD_BYTES = 64 * 1024, HEAD_RECORDS = 1 };

bool profile_list_valid(const struct profile *const *list, size_t i, int64_t at)
{
    if (at < list[i]->valid_from || at >= list[i]->valid_until)
        return false;
    for (size_t newer = 0; newer < i; newer++) {
        if (strcmp(list[newer]->name, list[i]->name) == 0 && at >= list[newer]->valid_from)
            return false;
    }
    return true;
}

const struct profile *profile_list_newest(const struct profile *const *list, int64_t at)
{
    const struct profile *begun = NULL, *oldest = NULL;

    for (size_t i = 0; list[i] != NULL; i++) {
        if (profile_list_valid(list, i, at))
            return list[i];
        if (begun == NULL && at >= list[i]->valid_from)
            begun = list[i];
        oldest = list[i];
    }
    return begun != NULL ? begun : oldest;
}

struct profile_choice profile_choice_of(const struct rules *rules)
{
    return (struct profile_choice){.identity = rules->identity,
                                   .drop = rules->drop,
                                   .others = rules->profiles,
                                   .at = rules->received != 0 ? rules->received : rules->now,
                                   .again = rules->requeued};
}

/* ---- candidates ---- */

/* One profile of one possible sender. */
struct candidate {
    const struct party *party; /* NULL: a sender that no party is */
    const struct profile *profile;
    int64_t from, until; /* when it is valid */
    bool in_grammar;     /* the name fits */
    bool by_sender;      /* the name says that party, or no sender at all */
};

/* How a file may be read: by a profile that is valid when it arrives, by one that is valid when an operator has it
 * judged again, or by none of these. */
enum timing { ON_ARRIVAL, AGAIN, UNTIMELY };

static bool is_used_at(const struct profile *const *list, size_t i, int64_t at)
{
    return list[i] == profile_list_newest(list, at) || profile_list_valid(list, i, at);
}

static enum timing timing_of(const struct profile_choice *choice, const struct profile *const *list, size_t i)
{
    if (is_used_at(list, i, choice->at))
        return ON_ARRIVAL;
    return choice->again != 0 && is_used_at(list, i, choice->again) ? AGAIN : UNTIMELY;
}

/* The end of the i-th profile, which a newer version of it may bring about. */
static int64_t end_of(const struct profile *const *list, size_t i)
{
    int64_t until = list[i]->valid_until;

    for (size_t newer = 0; newer < i; newer++) {
        if (strcmp(list[newer]->name, list[i]->name) == 0)
            until = MIN(until, list[newer]->valid_from);
    }
    return until;
}

/* A list, and whose it is. */
struct owned_list {
    const struct party *party;
    const struct profile *const *list;
};

static void add_list(GArray *candidates, const struct profile_choice *choice, struct owned_list of, enum timing timing)
{
    for (size_t i = 0; of.list[i] != NULL; i++) {
        const struct candidate candidate = {
            .party = of.party, .profile = of.list[i], .from = of.list[i]->valid_from, .until = end_of(of.list, i)};
        if (timing_of(choice, of.list, i) == timing)
            g_array_append_val(candidates, candidate);
    }
}

static void add_candidates(GArray *candidates, const struct profile_choice *choice, enum timing timing)
{
    const struct profile *const builtin[] = {profile_builtin(), NULL};
    const struct profile *const *others = choice->others != NULL ? choice->others : builtin;
    bool any = false;

    for (size_t i = 0; choice->identity != NULL && i < choice->identity->n_parties; i++) {
        const struct party *party = &choice->identity->parties[i];
        if (choice->drop != NULL && strcmp(party->drop, choice->drop) != 0)
            continue;
        any = true;
        add_list(candidates, choice, (struct owned_list){party, party->reads != NULL ? party->reads : others}, timing);
    }
    if (!any || choice->drop == NULL)
        add_list(candidates, choice, (struct owned_list){NULL, others}, timing);
}

/* Those of the arrival stand first: a file that is judged again is still what it was, if it fits them. */
static GArray *find_candidates(const struct profile_choice *choice)
{
    GArray *candidates = g_array_new(FALSE, FALSE, sizeof(struct candidate));

    add_candidates(candidates, choice, ON_ARRIVAL);
    add_candidates(candidates, choice, AGAIN);
    return candidates;
}

static bool says_sender(const struct candidate *candidate, const struct filename *parsed)
{
    return candidate->party != NULL && (*parsed->org == '\0' || strcmp(parsed->org, candidate->party->org) == 0);
}

static const struct profile *profile_at(const GArray *candidates, guint i)
{
    return g_array_index(candidates, struct candidate, i).profile;
}

/* How well the name fits: in the grammar and of that sender, in the grammar, of that sender by what can be guessed. */
static int rank_of(const struct candidate *candidate)
{
    return 2 * candidate->in_grammar + candidate->by_sender;
}

static bool is_among(const GArray *candidates, guint n, const struct profile *profile)
{
    for (guint i = 0; i < n; i++) {
        if (profile_at(candidates, i) == profile)
            return true;
    }
    return false;
}

/* Tries the name with each candidate. Those that it fits best stay, each profile once. */
static void keep_best(GArray *candidates, const char *name, size_t len)
{
    int best = 0;
    guint kept = 0;

    for (guint i = 0; i < candidates->len; i++) {
        struct candidate *candidate = &g_array_index(candidates, struct candidate, i);
        struct filename parsed;
        candidate->in_grammar = filename_parse(candidate->profile, name, len, &parsed, NULL, NULL);
        candidate->by_sender = says_sender(candidate, &parsed);
        best = MAX(best, rank_of(candidate));
    }
    for (guint i = 0; i < candidates->len; i++) {
        const struct candidate candidate = g_array_index(candidates, struct candidate, i);
        if (rank_of(&candidate) == best && !is_among(candidates, kept, candidate.profile))
            g_array_index(candidates, struct candidate, kept++) = candidate;
    }
    g_array_set_size(candidates, kept);
}

bool profile_choose_by_name(const struct profile_choice *choice, const char *name, size_t len, struct filename *parsed,
                            const struct profile **profile)
{
    g_autoptr(GArray) candidates = find_candidates(choice);

    keep_best(candidates, name, len);
    *profile = profile_at(candidates, 0);
    return filename_parse(*profile, name, len, parsed, NULL, NULL);
}

/* ---- content ---- */

/* What a reader says of the head of a file. */
struct look {
    bool strange;
};

static void see_fault(void *user, const struct fault *fault)
{
    struct look *look = user;

    look->strange |= fault->kind == FAULT_FORM || fault->kind == FAULT_ROOT || fault->kind == FAULT_TYPE ||
                     fault->kind == FAULT_HEADER_RECORD;
}

static void see_record(void *user, const struct record *record)
{
    (void)user;
    (void)record; /* only the frame is looked at */
}

static void see_count(void *user, const struct field *declared)
{
    (void)user;
    (void)declared; /* likewise */
}

/* *fit: whether the head of the content has the frame of the profile. A packing that is damaged is no matter here: the
 * verdict tells it. */
static bool look(const struct profile *profile, const struct profile_file_content *file, bool *fit, GError **error)
{
    struct look seen = {0};
    struct filename parsed;
    enum reading_state state;

    (void)filename_parse(profile, file->name, file->len, &parsed, NULL, NULL);
    *fit = false;
    if (parsed.type == NULL || !parsed.type->inbound || parsed.form == FORM_UNKNOWN)
        return true;
    const struct reading_request request = {
        .fd = file->fd,
        .pack = parsed.pack,
        .unpack = file->unpack,
        .form = parsed.form,
        .type = parsed.type,
        .max_records = HEAD_RECORDS,
        .head = HEAD_BYTES,
        .sink = {&seen, see_record, see_record, see_count, see_fault},
    };
    struct reading *reading = reading_open(file->readings, &request);
    do
        state = reading_step(reading, error);
    while (state == READING_MORE || state == READING_WAITS);
    reading_close(reading);
    *fit = !seen.strange;
    return state != READING_FAILED;
}

/* The first of the candidates whose frame the content has: its index; their number where none has. */
static bool find_fitting(const GArray *candidates, const struct profile_file_content *file, guint *found,
                         GError **error)
{
    bool fit = false;

    for (*found = 0; *found < candidates->len; (*found)++) {
        if (!look(profile_at(candidates, *found), file, &fit, error))
            return false;
        if (fit)
            break;
    }
    return true;
}

const struct profile *profile_choose(const struct profile_choice *choice, const struct profile_file_content *file,
                                     GError **error)
{
    g_autoptr(GArray) candidates = find_candidates(choice);
    guint found;

    keep_best(candidates, file->name, file->len);
    if (candidates->len == 1)
        return profile_at(candidates, 0);
    if (!find_fitting(candidates, file, &found, error))
        return NULL;
    return profile_at(candidates, found < candidates->len ? found : 0);
}

/* ---- profiles that are not valid ---- */

bool profile_find_untimely(const struct profile_choice *choice, const struct profile_file_content *file,
                           const struct profile *chosen, struct profile_untimely *untimely, GError **error)
{
    g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(struct candidate));
    struct filename parsed;
    bool fit = false;
    guint found;

    *untimely = (struct profile_untimely){.profile = NULL};
    add_candidates(candidates, choice, UNTIMELY);
    if (candidates->len == 0)
        return true;
    keep_best(candidates, file->name, file->len);
    if (!g_array_index(candidates, struct candidate, 0).in_grammar)
        return true;
    bool by_name = !filename_parse(chosen, file->name, file->len, &parsed, NULL, NULL);
    if (!by_name && !look(chosen, file, &fit, error))
        return false;
    if (fit)
        return true;
    if (!find_fitting(candidates, file, &found, error))
        return false;
    if (found == candidates->len && !by_name)
        return true;
    /* If none has it, the first at all, where its name alone tells it. */
    const struct candidate *of = &g_array_index(candidates, struct candidate, found < candidates->len ? found : 0);
    *untimely = (struct profile_untimely){of->profile, of->from, of->until};
    return true;
}
