// SPDX-License-Identifier: MIT
//
// The same from C++: handles that close themselves, errors as exceptions.
// usage: raii url user from to
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>

#include <smtp/smtp.h>

template <typename T, typename R, R (*release)(T *)>
struct Release {
	void operator()(T *p) const { release(p); }
};
using Message = std::unique_ptr<smtp_message,
    Release<smtp_message, void, smtp_message_free>>;
using Options = std::unique_ptr<smtp_options,
    Release<smtp_options, void, smtp_options_free>>;
using Session = std::unique_ptr<smtp, Release<smtp, int, smtp_close>>;

static void
check(const Session &session, int status)
{
	if (status != SMTP_OK)
		throw std::runtime_error(smtp_error(session.get()));
}

static Session
open(const char *url)
{
	Options options(smtp_options_new());
	if (const char *ca = std::getenv("SMTP_CA_FILE"))
		smtp_options_set(options.get(), "ca-file", ca);
	smtp *handle = nullptr;
	int status = smtp_open(&handle, url, options.get());
	Session session(handle);

	check(session, status);
	return session;
}

int
main(int argc, char **argv)
try {
	if (argc != 5)
		throw std::invalid_argument("usage: raii url user from to");
	Message mail(smtp_message_new());
	smtp_message_set_from(mail.get(), argv[3]);
	smtp_message_add_to(mail.get(), argv[4]);
	smtp_message_set_subject(mail.get(), "Caf\u00e9, from C++");
	smtp_message_set_text(mail.get(), "It closes itself.\n");

	Session session = open(argv[1]);
	check(session, smtp_auth(session.get(), argv[2],
	    std::getenv("SMTP_PASSWORD")));
	check(session, smtp_send(session.get(), mail.get()));
	std::cout << smtp_message_message_id(mail.get()) << '\n';
	return 0;
} catch (const std::exception &e) {
	std::cerr << e.what() << '\n';
	return 1;
}
