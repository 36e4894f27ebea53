/* SPDX-License-Identifier: MIT */
#ifndef STUB_ESP_CRT_BUNDLE_H
#define STUB_ESP_CRT_BUNDLE_H

typedef int esp_err_t;
#define ESP_OK 0

esp_err_t
esp_crt_bundle_attach(void *conf);

#endif
