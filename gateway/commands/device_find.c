/*
 * The command `device find`: Devices by what is known of them, page by page.
 */
#include "gateway/commands/command.h"

#include "formats/eui64.h"
#include "gateway/answers/cells.h"
#include "gateway/clock.h"
#include "gateway/commands/device_facts.h"
#include "gateway/commands/explain/explain.h"
#include "gateway/commands/output.h"
#include "gateway/commands/read_access.h"
#include "gateway/commands/selection.h"
#include "gateway/commands/words.h"
#include "spool/ledger/ledger_find.h"
#include "spool/ledger/ledger_reference.h"
#include "validators/rules/field_rules.h"

#include <stdio.h>
#include <string.h>

#define COMMAND "device find"
enum { PAGE = 100 /* Devices, unless --limit says otherwise */ };

/* The options. */
struct options {
    char *mpxn, *hub, *supplier, *model, *batch, *state, *code, *after;
    int limit;
};

static void clear_options(struct options *o)
{
    char *const texts[] = {o->mpxn, o->hub, o->supplier, o->model, o->batch, o->state, o->code, o->after};

    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
}

/* ---- the page ---- */

/* What the walk over the Devices fills. */
struct page {
    struct gateway *gateway;
    struct output_list list;
    int64_t rows;
    char *last; /* the key of the last one */
};

/* "3.-5.17.0" */
static char *key_text(const struct ledger_find_key *key)
{
    return g_strdup_printf("%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT ".%" G_GINT64_FORMAT,
                           key->part, key->places[0], key->places[1], key->places[2]);
}

static bool parse_key(const char *text, struct ledger_find_key *key)
{
    g_auto(GStrv) parts = g_strsplit(text, ".", -1);
    gint64 numbers[1 + LEDGER_FIND_PLACES];

    if (g_strv_length(parts) != G_N_ELEMENTS(numbers))
        return false;
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
        if (!g_ascii_string_to_signed(parts[i], 10, i == 0 ? 1 : G_MININT64, G_MAXINT64, &numbers[i], NULL))
            return false;
    key->part = numbers[0];
    memcpy(key->places, &numbers[1], sizeof key->places);
    return true;
}

static void set_work(json_t *row, const struct ledger_work *work)
{
    char id[WORK_ITEM_ID_SIZE];

    output_set_text(row, "state", work != NULL ? ledger_state_name(explain_state(work)) : NULL);
    output_set_text(row, "code", work == NULL ? NULL : work->has_session ? work->session.code : work->item.code);
    output_set_text(row, "work_item",
                    work != NULL ? work_item_id(work->org, work->batch, work->item.record, id) : NULL);
}

static bool add_found(void *user, const struct ledger_found *found, GError **error)
{
    struct page *page = user;
    g_autofree struct ledger_work *work = NULL;
    char device[EUI64_TEXT_SIZE];

    if (found->item != 0 && !ledger_work_get(page->gateway->ledger, found->item, &work, error))
        return false;
    json_t *row = json_object();
    if (found->has_device)
        eui64_print(found->device, device);
    output_set_text(row, "device", found->has_device ? device : work != NULL ? work->item.device_text : NULL);
    set_work(row, work);
    const struct device_subject subject = {found->has_device, found->device, work};
    if (!device_facts_set(page->gateway, &subject, row, error)) {
        json_decref(row);
        return false;
    }
    g_free(page->last);
    page->last = key_text(&found->key);
    output_set_text(row, "after", page->last);
    output_list_add(&page->list, row);
    page->rows++;
    return true;
}

/* *text: what the list says if it is empty. */
static bool say_nothing(struct gateway *gateway, const struct ledger_find *find, const char **text, GError **error)
{
    bool by_inventory = find->mpxn != NULL || find->hub != 0 || find->supplier != 0 || find->model != NULL;
    struct ledger_loaded inventory;

    *text = find->after.part != 0 ? "no more Devices" : "no Device was found";
    if (!by_inventory)
        return true;
    if (!ledger_reference_get(gateway->ledger, LEDGER_INVENTORY, &inventory, error))
        return false;
    if (inventory.job == 0)
        *text = "no Device was found: --mpxn, --hub, --supplier and --model ask the inventory, and no INV was accepted "
                "yet";
    return true;
}

static int print_page(struct gateway *gateway, const struct invocation *invocation, const struct ledger_find *find)
{
    static const char *const columns[] = {"device",   "device_type", "state",        "code",  "work_item", "mpxn",
                                          "supplier", "hub",         "manufacturer", "model", "firmware",  NULL};
    struct page page = {.gateway = gateway};
    const char *nothing;
    GError *error = NULL;

    if (!say_nothing(gateway, find, &nothing, &error))
        return command_unable(error);
    output_list_begin(&page.list, invocation->json, find->limit > 0 ? (size_t)find->limit : SIZE_MAX - 1);
    bool good = ledger_find_each(gateway->ledger, find, &(struct ledger_find_visitor){add_found, &page}, &error);
    if (good) {
        output_list_end(&page.list, columns, nothing);
        output_page_end(invocation->json, find->limit > 0 && page.rows == find->limit, page.last);
    } else {
        output_list_drop(&page.list);
    }
    g_free(page.last);
    return good ? EXIT_GOOD : command_unable(error);
}

/* ---- the conditions ---- */

/* The text of an option is wrong. Always false. */
static bool refuse(const char *option, const char *text, const char *expected)
{
    g_autofree char *shown = command_shown(text);

    g_printerr("ecosgate: " COMMAND ": --%s '%s' is %s\n", option, shown, expected);
    return false;
}

static bool read_words(struct options *o, struct ledger_find *find)
{
    static const struct selection of_state = {COMMAND, "state"}, code = {COMMAND, "code"};
    enum ledger_state state;

    if (!selection_word(&of_state, "state of a Device", words_device_states(), &o->state) ||
        !selection_code(&code, &o->code))
        return false;
    if (o->state != NULL && ledger_state_find(o->state, &state))
        find->state = (int)state;
    find->code = o->code;
    return true;
}

/* MANUFACTURER/MODEL or MANUFACTURER/MODEL/FIRMWARE; the parts stay in *parts. */
static bool read_model(const char *text, char ***parts, struct ledger_find *find)
{
    if (text == NULL)
        return true;
    g_autofree char *upper = g_ascii_strup(text, -1);
    *parts = g_strsplit(upper, "/", -1);
    guint n = g_strv_length(*parts);
    if (n < 2 || n > 3)
        return refuse("model", text,
                      "no model: expected MANUFACTURER/MODEL or MANUFACTURER/MODEL/FIRMWARE, such as AB01/010A030B");
    find->manufacturer = (*parts)[0];
    find->model = (*parts)[1];
    find->firmware = (*parts)[2]; /* NULL ends the list */
    return true;
}

/* What needs no ledger. False: a message has been printed. */
static bool read_options(struct options *o, char ***model, struct ledger_find *find)
{
    *find = (struct ledger_find){.state = LEDGER_FIND_ANY_STATE, .now = clock_now(), .limit = o->limit};
    find->mpxn = o->mpxn != NULL ? field_rules_point_value(o->mpxn) : NULL;
    if (!selection_limit(COMMAND, o->limit))
        return false;
    if (o->hub != NULL && !eui64_parse(o->hub, strlen(o->hub), &find->hub))
        return refuse("hub", o->hub, "no hub's ID: expected eight pairs of hex digits such as 90-B3-D5-1F-30-07-00-01");
    if (o->after != NULL && !parse_key(o->after, &find->after))
        return refuse("after", o->after, "no place in a list; give the one that the page before has ended with");
    if (o->mpxn != NULL && (*o->mpxn == '\0' || o->mpxn[strspn(o->mpxn, "0123456789")] != '\0'))
        return refuse("mpxn", o->mpxn, "no supply point: expected the digits of an MPAN or MPRN");
    if (!read_words(o, find) || !read_model(o->model, model, find))
        return false;
    if (o->mpxn != NULL || o->hub != NULL || o->supplier != NULL || o->model != NULL || o->batch != NULL ||
        o->state != NULL || o->code != NULL)
        return true;
    g_printerr("ecosgate: " COMMAND ": nothing is looked for; give at least one of --mpxn, --hub, --supplier, --model, "
               "--batch, --state, --code\n");
    return false;
}

static int find_devices(struct read_access *access, const struct invocation *invocation, const struct options *o,
                        struct ledger_find *find)
{
    static const char *const roles[] = {"SUPPLIER", NULL};
    static const struct selection_party supplier = {
        {COMMAND, "supplier"}, false, roles, "no Supplier's MPID in the newest PTY, and no EUI-64"};
    static const struct selection of_batch = {COMMAND, "batch"};
    g_autofree struct ledger_batch *batch = NULL;
    GError *error = NULL;

    if (!selection_party(access, &supplier, o->supplier, &find->supplier, &error) ||
        !selection_batch(access, &of_batch, o->batch, &batch, &error))
        return command_unable(error);
    if (batch != NULL) {
        find->job = batch->job;
        find->first_item = batch->first_item;
        find->items = batch->items;
    }
    return print_page(&access->gateway, invocation, find);
}

int command_device_find(struct invocation *invocation)
{
    struct options o = {.limit = PAGE};
    const GOptionEntry entries[] = {
        {"mpxn", 0, 0, G_OPTION_ARG_STRING, &o.mpxn, "MPAN or MPRN", "MPXN"},
        {"hub", 0, 0, G_OPTION_ARG_STRING, &o.hub, "on this Communications Hub", "CHF-ID"},
        {"supplier", 0, 0, G_OPTION_ARG_STRING, &o.supplier, "of this Responsible Supplier", "MPID|EUI-64"},
        {"model", 0, 0, G_OPTION_ARG_STRING, &o.model, "of this Device Model", "MANUFACTURER/MODEL[/FIRMWARE]"},
        {"batch", 0, 0, G_OPTION_ARG_STRING, &o.batch, "of this instruction; state and code are those in it", "BATCH"},
        {"state", 0, 0, G_OPTION_ARG_STRING, &o.state, "in this state: READY, DISPATCHED, FAILED …", "STATE"},
        {"code", 0, 0, G_OPTION_ARG_STRING, &o.code, "with this code", "CODE"},
        {"limit", 0, 0, G_OPTION_ARG_INT, &o.limit, "at most so many (default: 100; 0: all)", "N"},
        {"after", 0, 0, G_OPTION_ARG_STRING, &o.after, "go on after the page that has ended with KEY", "KEY"},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    g_auto(GStrv) model = NULL;
    struct ledger_find find;
    struct read_access access;
    int status = EXIT_UNABLE;

    if (command_arguments(invocation, entries, 0, 0) && read_options(&o, &model, &find) &&
        read_access_open(&access, invocation)) {
        status = find_devices(&access, invocation, &o, &find);
        read_access_close(&access);
    }
    clear_options(&o);
    return status;
}
