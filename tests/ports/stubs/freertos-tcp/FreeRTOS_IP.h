/* SPDX-License-Identifier: MIT */
#ifndef STUB_FREERTOS_IP_H
#define STUB_FREERTOS_IP_H

#include <FreeRTOS.h>

#ifndef ipconfigUSE_TCP
#define ipconfigUSE_TCP 1
#endif
#ifndef ipconfigUSE_DNS
#define ipconfigUSE_DNS 1
#endif
#ifndef ipconfigSUPPORT_SELECT_FUNCTION
#define ipconfigSUPPORT_SELECT_FUNCTION 1
#endif
#ifndef STUB_OLD_ADDRESS         /* of versions 2 and 3                   */
#define ipFR_TCP_VERSION_MAJOR 4
#endif

#endif
