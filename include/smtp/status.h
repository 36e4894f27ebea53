/* SPDX-License-Identifier: MIT */
/*
 * What calls return, for all faces of the library.
 *
 * 0 is done, above 0 is "not yet": a mask of what the caller waits for, below
 * 0 is an error. The numbers never change; new ones are added at free places.
 */
#ifndef SMTP_STATUS_H
#define SMTP_STATUS_H

enum smtp_status {
	SMTP_OK = 0,

	/* What became of a mail, and of each recipient. */
	SMTP_E_PARTIAL = -1,     /* accepted for some: send again, only the */
				 /* others are addressed                    */
	SMTP_E_LATER = -2,       /* not delivered: send again later         */
	SMTP_E_REFUSED = -3,     /* not delivered: do not repeat unchanged  */
	SMTP_E_UNKNOWN = -4,     /* lost after the end mark, before its     */
				 /* reply: to send again may deliver twice  */

	/* Local errors: nothing of the mail is at the server. */
	SMTP_E_ARGUMENT = -10,   /* an argument cannot be sent as it is     */
	SMTP_E_STATE = -11,      /* not now: another operation is open      */
	SMTP_E_SPACE = -12,      /* the memory that was lent is too small   */
	SMTP_E_MEMORY = -13,     /* no memory                               */
	SMTP_E_UNSUPPORTED = -14,/* needs what the server or build lacks    */
	SMTP_E_SOURCE = -15,     /* a source could not be read to its end   */

	/* Causes: why a session or a send failed. */
	SMTP_E_RESOLVE = -20,    /* the name was not found                  */
	SMTP_E_CONNECT = -21,    /* no address took the connection          */
	SMTP_E_CLOSED = -22,     /* the connection was lost                 */
	SMTP_E_TIMEOUT = -23,    /* a wait or the deadline ran out          */
	SMTP_E_CANCELLED = -24,  /* the caller cancelled                    */
	SMTP_E_TLS = -25,        /* no TLS, or it failed                    */
	SMTP_E_CERTIFICATE = -26,/* the server's certificate was not taken  */
	SMTP_E_AUTH = -27,       /* not authenticated                       */
	SMTP_E_PROTOCOL = -28,   /* the server broke the protocol           */
	SMTP_E_REPLY = -29       /* the server said so: see code and text   */
};

/* Above 0: what an operation waits for. */
enum smtp_want {
	SMTP_WANT_READ = 1,      /* until the descriptor can be read        */
	SMTP_WANT_WRITE = 2,     /* until the descriptor can be written     */
	SMTP_WANT_TIME = 4,      /* until smtp_due_ms()                     */
	SMTP_WANT_SOURCE = 8,    /* a source answered "not yet"             */
	SMTP_WANT_TOKEN = 16     /* a token: smtp_give_token()              */
};

/* Where in a session something happened. */
enum smtp_phase {
	SMTP_PHASE_NONE = 0,
	SMTP_PHASE_RESOLVE,
	SMTP_PHASE_CONNECT,
	SMTP_PHASE_TLS,
	SMTP_PHASE_GREETING,
	SMTP_PHASE_EHLO,
	SMTP_PHASE_STARTTLS,
	SMTP_PHASE_AUTH,
	SMTP_PHASE_MAIL,
	SMTP_PHASE_RCPT,
	SMTP_PHASE_DATA,
	SMTP_PHASE_CONTENT,      /* between 354 and the end mark            */
	SMTP_PHASE_FINAL,        /* after the end mark                      */
	SMTP_PHASE_QUIT
};

/* What to do about a mail, a recipient or a session that failed. */
enum smtp_retry {
	SMTP_RETRY_NONE = 0,     /* nothing: accepted, or not sent yet      */
	SMTP_RETRY_NEVER = 1,    /* not as it is: another address, another  */
				 /* content, or none                        */
	SMTP_RETRY_NOW = 2,      /* unchanged and at once, but only once:   */
				 /* what fails again is as LATER            */
	SMTP_RETRY_LATER = 3,    /* unchanged, after a wait                 */
	SMTP_RETRY_CHANGED = 4,  /* without the parameter or extension that */
				 /* was not taken                           */
	SMTP_RETRY_FIXED = 5,    /* unchanged, once that is put right which */
				 /* the hint names: AUTH, TLS, a file       */
	SMTP_RETRY_ASK = 6       /* it may have been delivered: only who    */
				 /* sends can say if twice is better        */
};

#endif
