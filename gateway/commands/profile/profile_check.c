/*
 * The command `profile check`: every fault of a profile with file and line. Then, if there is none, the profile is
 * tried on samples (profile_trial.h).
 */
#include "formats/text.h"
#include "gateway/commands/output.h"
#include "gateway/commands/profile/profile_folder.h"
#include "gateway/commands/profile/profile_source.h"
#include "gateway/commands/profile/profile_trial.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>

struct check {
    const struct invocation *invocation;
    struct profile_source source;
    size_t faults;
};

/* file: of the profile, or of a sample. */
static void tell(struct check *check, const char *file, unsigned line, const char *text)
{
    /* Faults of the loader are escaped; a schema's may have any text of it. */
    g_autofree char *escaped = text_is_printable(text, strlen(text)) ? NULL : text_escape(text, strlen(text), 0);
    const char *shown = escaped != NULL ? escaped : text;

    check->faults++;
    if (check->invocation->json) {
        command_print_json(json_pack("{s:s,s:o,s:s}", "file", file, "line",
                                     line > 0 ? json_integer((json_int_t)line) : json_null(), "text", text));
    } else if (line > 0) {
        printf("%s:%u: %s\n", file, line, shown);
    } else {
        printf("%s: %s\n", file, shown);
    }
}

static void on_fault(void *user, const struct profile_fault *fault)
{
    tell(user, fault->file, fault->line, fault->text);
}

/* ---- the trial ---- */

static void on_trial_fault(void *user, const struct profile_sample *sample, unsigned line, const char *text)
{
    struct check *check = user;
    g_autofree char *file = sample != NULL ? g_strconcat("sample ", sample->name, NULL) : NULL;

    const char *schema = check->source.profile->schema;
    tell(check, file != NULL ? file : schema != NULL ? schema : "xml.json", line, text);
}

static json_t *read_json(void *user, const char *name)
{
    struct check *check = user;

    return profile_source_json(&check->source, name);
}

static const char *read_text(void *user, const char *name, size_t *len)
{
    struct check *check = user;

    return profile_source_text(&check->source, name, len);
}

static void try_samples(struct check *check, const GPtrArray *samples)
{
    const struct profile_trial trial = {.profile = check->source.profile,
                                        .read = read_json,
                                        .file = read_text,
                                        .own_schema = check->source.profile->schema,
                                        .on_fault = on_trial_fault,
                                        .user = check};

    (void)profile_trial(&trial, samples); /* each fault has been counted */
}

static bool write_samples(const char *dir, const GPtrArray *samples, GError **error)
{
    if (!profile_folder_make(dir, error))
        return false;
    for (guint i = 0; i < samples->len; i++) {
        const struct profile_sample *sample = samples->pdata[i];
        if (!profile_folder_write(dir, sample->name, sample->text->str, sample->text->len, error))
            return false;
    }
    return true;
}

/* ---- the call ---- */

static void conclude(const struct check *check, size_t samples)
{
    const struct profile *profile = check->source.profile;
    g_autofree char *name = profile != NULL ? profile_source_name(profile) : NULL;

    if (check->invocation->json) {
        json_t *result = json_object();
        output_set_text(result, "profile", name);
        output_set_number(result, "faults", (json_int_t)check->faults);
        output_set_number(result, "samples", (json_int_t)samples);
        command_print_json(result);
    } else if (check->faults > 0) {
        printf("%zu %s\n", check->faults, check->faults == 1 ? "fault" : "faults");
    } else {
        printf("sound: %s, %zu types, %zu reports, %zu samples\n", name, profile->n_types, profile->n_reports, samples);
    }
}

static int run(struct check *check, const char *samples_in)
{
    const char *argument = check->invocation->argv[0];
    GError *error = NULL;

    if (!profile_source_open(&check->source, check->invocation, argument, on_fault, check))
        return EXIT_UNABLE;
    g_autoptr(GPtrArray) samples = check->source.profile != NULL ? profile_samples_new(check->source.profile) : NULL;
    if (samples != NULL)
        try_samples(check, samples);
    bool written = samples == NULL || samples_in == NULL || write_samples(samples_in, samples, &error);
    conclude(check, samples != NULL ? samples->len : 0);
    profile_source_close(&check->source);
    if (!written)
        return command_unable(error);
    return check->faults > 0 ? EXIT_REFUSED : EXIT_GOOD;
}

int command_profile_check(struct invocation *invocation)
{
    struct check check = {.invocation = invocation};
    g_autofree char *samples = NULL;
    const GOptionEntry entries[] = {
        {"samples", 0, 0, G_OPTION_ARG_FILENAME, &samples, "write the samples into this folder, which it makes", "DIR"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };

    return command_arguments(invocation, entries, 1, 1) ? run(&check, samples) : EXIT_UNABLE;
}
