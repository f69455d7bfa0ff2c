/** The search of the reference: hides the links that do not hold every word, and headings without links. */
const search = document.querySelector('#search')
const found = document.querySelector('#found')
const items = [...document.querySelectorAll('#routes li')]

search?.addEventListener('input', () => {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean)
  let count = 0
  for (const item of items) {
    const text = item.dataset['find']?.toLowerCase() ?? ''
    item.hidden = !words.every((word) => text.includes(word))
    if (!item.hidden) count++
  }
  for (const list of document.querySelectorAll('#routes ul')) {
    list.hidden = !list.querySelector('li:not([hidden])')
    const heading = list.previousElementSibling
    if (heading instanceof HTMLElement) heading.hidden = list.hidden
  }
  if (found) found.textContent = words.length === 0 ? '' : `${count} found`
})
