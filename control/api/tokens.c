// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 the vrouter authors
//
// RFC 6750 tokens from a file. They are compared in constant time and wiped when they go.
#include "control/api/tokens.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LINE_MAX_BYTES 512

// b64token of RFC 6750, section 2.1.
static const char token_characters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";

struct token {
	char name[TOKEN_NAME_MAX];
	char text[TOKEN_MAX]; // padded with zeros
	bool read_only;
};

struct tokens {
	size_t count;
	struct token list[TOKENS_MAX];
};

static const char *set_token(struct token *t, const char *name, const char *text, const char *role)
{
	if (strlen(name) >= TOKEN_NAME_MAX)
		return "the name is too long";
	if (text == NULL)
		return "expected \"NAME TOKEN\" or \"NAME TOKEN read\"";
	if (strlen(text) < TOKEN_MIN || strlen(text) >= TOKEN_MAX)
		return "a token has 32 to 255 characters";
	if (text[strspn(text, token_characters)] != '\0')
		return "a token is of A-Z a-z 0-9 - . _ ~ + / =";
	if (role != NULL && strcmp(role, "read") != 0)
		return "the only role is \"read\"";
	strcpy(t->name, name);
	strcpy(t->text, text);
	t->read_only = role != NULL;
	return NULL;
}

static const char *add_line(struct tokens *t, char *line)
{
	const char *name = strtok(line, " \t\n"), *text = strtok(NULL, " \t\n");
	const char *role = strtok(NULL, " \t\n");

	if (name == NULL || name[0] == '#')
		return NULL;
	if (strtok(NULL, " \t\n") != NULL)
		return "more than three words";
	if (t->count == TOKENS_MAX)
		return "more than 64 tokens";
	const char *wrong = set_token(&t->list[t->count], name, text, role);
	t->count += wrong == NULL;
	return wrong;
}

// Reports the place of what is wrong, not its text.
static const char *read_lines(struct tokens *t, FILE *in, unsigned int *number)
{
	char line[LINE_MAX_BYTES];
	const char *wrong = NULL;

	while (wrong == NULL && fgets(line, sizeof(line), in) != NULL) {
		++*number;
		wrong = strchr(line, '\n') == NULL && !feof(in) ? "the line is too long"
								: add_line(t, line);
	}
	explicit_bzero(line, sizeof(line));
	return wrong;
}

static const char *file_wrong(FILE *in)
{
	struct stat st;

	if (fstat(fileno(in), &st) < 0)
		return strerror(errno);
	return (st.st_mode & 077) != 0 ? "others than its owner can read it (chmod 600)" : NULL;
}

struct tokens *tokens_load(const char *path, char *err, size_t size)
{
	FILE *in = fopen(path, "re");
	struct tokens *t = calloc(1, sizeof(*t));
	const char *wrong = in == NULL ? strerror(errno) : file_wrong(in);
	unsigned int number = 0;

	if (wrong == NULL && t == NULL)
		wrong = strerror(ENOMEM);
	if (wrong == NULL)
		wrong = read_lines(t, in, &number);
	if (wrong == NULL && t->count == 0) {
		wrong = "no token in it";
		number = 0;
	}
	if (in != NULL)
		fclose(in);
	if (wrong == NULL)
		return t;
	if (number > 0)
		snprintf(err, size, "line %u: %s", number, wrong);
	else
		snprintf(err, size, "%s", wrong);
	tokens_free(t);
	return NULL;
}

void tokens_free(struct tokens *t)
{
	if (t != NULL)
		explicit_bzero(t, sizeof(*t));
	free(t);
}

// Every byte of the buffer, whatever the first ones are.
static bool same_text(const char *a, const char *b)
{
	unsigned char differ = 0;

	for (size_t i = 0; i < TOKEN_MAX; i++)
		differ |= (unsigned char)(a[i] ^ b[i]);
	return differ == 0;
}

const char *tokens_owner(const struct tokens *t, const char *token, bool *read_only)
{
	const struct token *owner = NULL;
	char text[TOKEN_MAX] = { 0 };
	size_t len = strlen(token);

	if (len < TOKEN_MIN || len >= TOKEN_MAX)
		return NULL;
	memcpy(text, token, len);
	for (size_t i = 0; i < t->count; i++)
		if (same_text(t->list[i].text, text))
			owner = &t->list[i];
	explicit_bzero(text, sizeof(text));
	if (owner == NULL)
		return NULL;
	*read_only = owner->read_only;
	return owner->name;
}
