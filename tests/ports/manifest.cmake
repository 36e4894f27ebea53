# SPDX-License-Identifier: MIT
# What a manifest with CMake would have compiled, written to OUT:
#
#	cmake -DMANIFEST=ports/X/CMakeLists.txt -DOUT=file -P manifest.cmake
#
# a line `source PATH', `include FOLDER' or `define NAME=VALUE' for each.

function(say what)
	foreach(it ${ARGN})
		if(what STREQUAL define)
			file(APPEND ${OUT} "define ${it}\n")
		else()
			get_filename_component(it ${it} ABSOLUTE
				BASE_DIR ${CMAKE_CURRENT_LIST_DIR})
			if(NOT EXISTS ${it})
				message(FATAL_ERROR "no ${what}: ${it}")
			endif()
			file(APPEND ${OUT} "${what} ${it}\n")
		endif()
	endforeach()
endfunction()

# ESP-IDF
set(COMPONENT_LIB component)
function(idf_component_register)
	cmake_parse_arguments(A "" ""
		"SRCS;INCLUDE_DIRS;PRIV_INCLUDE_DIRS;REQUIRES;PRIV_REQUIRES"
		${ARGN})
	if(A_UNPARSED_ARGUMENTS)
		message(FATAL_ERROR "unknown: ${A_UNPARSED_ARGUMENTS}")
	endif()
	say(source ${A_SRCS})
	say(include ${A_INCLUDE_DIRS} ${A_PRIV_INCLUDE_DIRS})
endfunction()

# Zephyr
set(CONFIG_LIBSMTP y)
function(zephyr_library_named)
endfunction()
function(zephyr_library_sources)
	say(source ${ARGN})
endfunction()
function(zephyr_include_directories)
	say(include ${ARGN})
endfunction()
function(zephyr_library_include_directories)
	say(include ${ARGN})
endfunction()
function(zephyr_compile_definitions)
	say(define ${ARGN})
endfunction()

# CMake itself
function(add_library name kind)
	say(source ${ARGN})
endfunction()
function(target_include_directories name)
	list(REMOVE_ITEM ARGN PUBLIC PRIVATE)
	say(include ${ARGN})
endfunction()
function(target_compile_definitions name)
	list(REMOVE_ITEM ARGN PUBLIC PRIVATE)
	say(define ${ARGN})
endfunction()
function(target_link_libraries)
endfunction()

file(REMOVE ${OUT})
include(${MANIFEST})
