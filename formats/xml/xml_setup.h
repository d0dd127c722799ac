/* What libxml2 may not do in this process, whoever parses: no file can name another one to be opened. */
#ifndef ECOSGATE_FORMATS_XML_XML_SETUP_H
#define ECOSGATE_FORMATS_XML_XML_SETUP_H

/* Called before each parser is made. Cheap after the first time. */
void xml_setup(void);

#endif
