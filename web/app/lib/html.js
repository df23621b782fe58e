// What views are made of: Preact with htm, in one import.
import { Component, Fragment, createRef, h, render } from '../../vendor/preact/preact.mjs';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from '../../vendor/preact/hooks.mjs';
import htm from '../../vendor/htm/htm.module.js';

const html = htm.bind(h);

export {
  Component,
  Fragment,
  createRef,
  h,
  html,
  render,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
};
