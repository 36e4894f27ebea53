/* SPDX-License-Identifier: MIT */
/* One TCP connection of a client over IPv4, in about 8 kB. */
#ifndef LWIPOPTS_H
#define LWIPOPTS_H

#define NO_SYS                  1
#define SYS_LIGHTWEIGHT_PROT    0        /* lwIP runs in the main loop only */
#define LWIP_SOCKET             0
#define LWIP_NETCONN            0
#define LWIP_STATS              0
#define LWIP_NOASSERT           1
#define LWIP_PLATFORM_DIAG(x)   ((void)0)
#define LWIP_PLATFORM_ASSERT(x) ((void)0)

#define LWIP_IPV4               1
#define LWIP_IPV6               0
#define LWIP_ARP                1
#define LWIP_ICMP               0
#define LWIP_RAW                0
#define LWIP_UDP                0
#define LWIP_DNS                0
#define LWIP_DHCP               0
#define IP_FORWARD              0
#define IP_REASSEMBLY           0
#define IP_FRAG                 0
#define ARP_TABLE_SIZE          2
#define ARP_QUEUEING            0
#define LWIP_NETIF_TX_SINGLE_PBUF 0
#define LWIP_SINGLE_NETIF       1
#define ETH_PAD_SIZE            2

#define MEM_ALIGNMENT           4
#define MEM_SIZE                3072     /* what is sent, until acknowledged */
#define PBUF_POOL_SIZE          5
#define PBUF_POOL_BUFSIZE       608      /* a segment with its headers       */
#define MEMP_NUM_TCP_PCB        2        /* one may linger in TIME-WAIT      */
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_TCP_SEG        8
#define MEMP_NUM_PBUF           2

#define LWIP_TCP                1
#define TCP_LISTEN_BACKLOG      0
#define TCP_MSS                 536
#define TCP_WND                 (4 * TCP_MSS)
#define TCP_SND_BUF             (4 * TCP_MSS)
#define TCP_SND_QUEUELEN        8
#define TCP_QUEUE_OOSEQ         0
#define LWIP_WND_SCALE          0
#define LWIP_TCP_TIMESTAMPS     0
#define TCP_OVERSIZE            TCP_MSS

/* The random port and sequence number. */
unsigned
board_random(void);
#define LWIP_RAND()             board_random()

#endif
