/* SPDX-License-Identifier: MIT */
#ifndef STUB_FREERTOS_SOCKETS_H
#define STUB_FREERTOS_SOCKETS_H

#include <FreeRTOS_IP.h>

struct xSOCKET;
struct xSOCKET_SET;
typedef struct xSOCKET *Socket_t;
typedef struct xSOCKET_SET *SocketSet_t;

#define FREERTOS_INVALID_SOCKET ((Socket_t)~(uintptr_t)0)
#define FREERTOS_AF_INET 2
#define FREERTOS_SOCK_STREAM 1
#define FREERTOS_IPPROTO_TCP 6
#define FREERTOS_SO_RCVTIMEO 0
#define FREERTOS_SO_SNDTIMEO 1
#define FREERTOS_MSG_DONTWAIT 16
#define FREERTOS_SHUT_RDWR 2
#define eSELECT_READ 1u
#define eSELECT_WRITE 2u
#define eSELECT_EXCEPT 4u
#define eSELECT_ALL 15u
#define FreeRTOS_htons(n) \
	((uint16_t)((((n) & 0xffu) << 8) | (((n) >> 8) & 0xffu)))

struct freertos_sockaddr {
	uint8_t sin_len;
	uint8_t sin_family;
	uint16_t sin_port;
#ifdef STUB_OLD_ADDRESS
	uint32_t sin_addr;
#else
	uint32_t sin_flowinfo;
	union {
		uint32_t ulIP_IPv4;
	} sin_address;
#endif
};

uint32_t
FreeRTOS_gethostbyname(const char *host);
Socket_t
FreeRTOS_socket(BaseType_t domain, BaseType_t type, BaseType_t protocol);
BaseType_t
FreeRTOS_setsockopt(Socket_t socket, int32_t level, int32_t name,
    const void *value, size_t n);
BaseType_t
FreeRTOS_connect(Socket_t socket, const struct freertos_sockaddr *at,
    uint32_t n);
BaseType_t
FreeRTOS_recv(Socket_t socket, void *p, size_t n, BaseType_t flags);
BaseType_t
FreeRTOS_send(Socket_t socket, const void *p, size_t n, BaseType_t flags);
BaseType_t
FreeRTOS_shutdown(Socket_t socket, BaseType_t how);
BaseType_t
FreeRTOS_closesocket(Socket_t socket);
SocketSet_t
FreeRTOS_CreateSocketSet(void);
void
FreeRTOS_DeleteSocketSet(SocketSet_t set);
void
FreeRTOS_FD_SET(Socket_t socket, SocketSet_t set, EventBits_t bits);
void
FreeRTOS_FD_CLR(Socket_t socket, SocketSet_t set, EventBits_t bits);
BaseType_t
FreeRTOS_select(SocketSet_t set, TickType_t ticks);

#endif
