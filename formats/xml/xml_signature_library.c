/*
 * libxmlsec1 is loaded where a signature within a file is verified, and nowhere else: with it come libxslt and libssl.
 * Linked as the other libraries are, they would be in the memory of the process that has keys and ledger open, and make
 * each start of the program 1 ms slower. So they are only in the cell that verifies.
 */
#include "formats/xml/xml_signature_private.h"

#include "formats/xml/xml_setup.h"

#include <dlfcn.h>
#include <openssl/crypto.h>
#include <string.h>

#define LIBRARY "libxmlsec1-openssl.so.1" /* it brings libxmlsec1.so.1 */

/* By default they go to standard error. What is wrong shows in results.
 * Parameters: libxmlsec1's xmlSecErrorsCallback. */
static void ignore_error(const char *file, int line, const char *function, const char *object, const char *subject,
                         int reason, const char *text)
{
    (void)file, (void)line, (void)function, (void)object, (void)subject, (void)reason, (void)text;
}

static bool find_calls(struct xml_signature_library *library, void *handle)
{
    void *found;
    bool good = true;

    _Static_assert(sizeof found == sizeof library->xmlSecInit, "POSIX: dlsym gives functions, too");
#define XML_SIGNATURE_FIND(name)                                                                                       \
    found = dlsym(handle, #name);                                                                                      \
    good = good && found != NULL;                                                                                      \
    memcpy(&library->name, &found, sizeof found);
    XML_SIGNATURE_CALLS(XML_SIGNATURE_FIND)
#undef XML_SIGNATURE_FIND
    return good;
}

/* What is wrong; NULL: nothing. */
static const char *load(struct xml_signature_library *library)
{
    void *handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

    if (handle == NULL)
        return LIBRARY " cannot be loaded; install libxmlsec1-openssl";
    if (!find_calls(library, handle) ||
        library->xmlSecCheckVersionExt(XMLSEC_VERSION_MAJOR, XMLSEC_VERSION_MINOR, XMLSEC_VERSION_SUBMINOR,
                                       xmlSecCheckVersionABICompatible) != 1)
        return LIBRARY " is not of the version that this program was built with; install that of the distribution";
    /* libcrypto reads its configuration now: behind the filter no file can be opened. */
    if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_DIGESTS, NULL) != 1 ||
        library->xmlSecInit() < 0 || library->xmlSecOpenSSLInit() < 0)
        return LIBRARY " cannot be used: its own preparations fail";
    library->xmlSecErrorsSetCallback(ignore_error);
    return NULL;
}

const struct xml_signature_library *xml_signature_library(const char **why)
{
    static struct xml_signature_library library;
    static const char *wrong;
    static gsize ready;

    if (g_once_init_enter(&ready)) {
        xml_setup();
        wrong = load(&library);
        xml_setup(); /* xmlSecInit has set a loader of its own */
        g_once_init_leave(&ready, 1);
    }
    *why = wrong;
    return wrong == NULL ? &library : NULL;
}

void xml_signature_prepare(void)
{
    const char *why;

    (void)xml_signature_library(&why); /* what is wrong is said when it is needed */
}
