/* What a profile holds, by code. There are some twenty of them, so they are compared one by one. */
#include "formats/profile.h"

#include <glib.h>
#include <string.h>

const struct file_type *profile_type(const struct profile *profile, const char *code, size_t len)
{
    for (size_t i = 0; i < profile->n_types; i++)
        if (strlen(profile->types[i].code) == len && memcmp(profile->types[i].code, code, len) == 0)
            return &profile->types[i];
    return NULL;
}

const struct report_layout *profile_report(const struct profile *profile, const char *ref)
{
    const struct report_layout *reports = profile_reports(profile);

    for (size_t i = 0; i < profile->n_reports; i++)
        if (strcmp(reports[i].ref, ref) == 0)
            return &reports[i];
    return NULL;
}

char *profile_inbound_codes(const struct profile *profile, const char *joint, const char *last_joint)
{
    const struct file_type *last = NULL;
    GString *codes = g_string_new(NULL);

    for (size_t i = 0; i < profile->n_types; i++)
        if (profile->types[i].inbound)
            last = &profile->types[i];
    for (const struct file_type *type = profile->types; type <= last; type++)
        if (type->inbound)
            g_string_append_printf(codes, "%s%s", codes->len == 0 ? "" : type == last ? last_joint : joint, type->code);
    return g_string_free(codes, FALSE);
}
