/*
 * The program's own main, which this build compiles under another name (gateway/main.c with -Dmain=ecosgate_main).
 */
#ifndef ECOSGATE_TESTS_SIM_GATEWAY_MAIN_H
#define ECOSGATE_TESTS_SIM_GATEWAY_MAIN_H

int ecosgate_main(int argc, char **argv);

#endif
